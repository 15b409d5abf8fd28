#include "host/pki/message_signature.h"

#include <algorithm>

#include "host/base/error.h"
#include "host/pki/der.h"
#include "host/pki/signature.h"

namespace countersign::pki {
namespace {

constexpr std::size_t kHalf = 32;  // octets of r, and of s

Bytes with_prefix(ByteView signed_part) {
    const ByteView prefix = der::text(message::kSignaturePrefix);
    Bytes bytes(prefix.begin(), prefix.end());
    bytes.insert(bytes.end(), signed_part.begin(), signed_part.end());
    return bytes;
}

ByteView without_zeros(ByteView number) {
    const auto first = std::find_if(number.begin(), number.end(), [](auto octet) { return octet != 0; });
    return number.subspan(static_cast<std::size_t>(first - number.begin()));
}

}  // namespace

Fingerprint sha256_of(ByteView bytes) {
    return sha256(bytes);
}

bool verify_message(const PublicKey& key, ByteView signed_part, const message::Signature& signature) {
    if (key.type != KeyType::p256) return false;
    const ByteView halves(signature);
    const ByteView r = without_zeros(halves.first(kHalf));
    const ByteView s = without_zeros(halves.last(kHalf));
    if (r.empty() || s.empty()) return false;
    // RFC 3279 2.2.3: Ecdsa-Sig-Value
    const Bytes der_signature = der::element(der::kSequence, {der::integer(r), der::integer(s)});
    return SignatureVerifier(key).verify(with_prefix(signed_part), der_signature);
}

message::Signature sign_message(const PrivateKey& key, ByteView signed_part) {
    KeySigner signer(key);
    return sign_message(signer, signed_part);
}

message::Signature sign_message(Signer& signer, ByteView signed_part) {
    if (signer.public_key().type != KeyType::p256) {
        throw Error(Code::KeyTypeUnsupported, "Lifecycle messages are signed with P-256.");
    }
    const Bytes made = signer.sign(with_prefix(signed_part));
    der::Reader outside(made);
    const auto sequence = outside.next(der::kSequence);
    der::Reader inside(sequence ? sequence->content : ByteView{});
    message::Signature signature{};
    for (std::size_t half = 0; half < 2; ++half) {
        const auto number = inside.next(der::kInteger);
        const ByteView magnitude = number ? without_zeros(number->content) : ByteView{};
        if (magnitude.size() > kHalf) throw Error(Code::Internal, "OpenSSL made an odd signature.");
        std::copy(magnitude.begin(), magnitude.end(),
                  signature.begin() + static_cast<std::ptrdiff_t>((half + 1) * kHalf - magnitude.size()));
    }
    return signature;
}

}  // namespace countersign::pki
