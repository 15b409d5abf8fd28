#include "host/pki/signature.h"

#include <openssl/rsa.h>

#include <algorithm>
#include <array>

#include "host/base/error.h"
#include "host/pki/der.h"
#include "host/pki/signer.h"

namespace countersign::pki {
namespace {

// RFC 5758 3.2: no parameters
constexpr std::array<std::uint8_t, 12> kEcdsaSha256{0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86,
                                                    0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
constexpr std::array<std::uint8_t, 12> kEcdsaSha384{0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86,
                                                    0x48, 0xce, 0x3d, 0x04, 0x03, 0x03};
// RFC 4055 5: the parameters are NULL
constexpr std::array<std::uint8_t, 15> kRsaSha256{0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                                  0xf7, 0x0d, 0x01, 0x01, 0x0b, 0x05, 0x00};

// Fetched once: by name each time costs as much as hashing a certificate.
const EVP_MD* fetch(const char* name) {
    const EVP_MD* digest = EVP_MD_fetch(nullptr, name, nullptr);
    require(digest != nullptr, "EVP_MD_fetch");
    return digest;
}

}  // namespace

Bytes SignatureScheme::hash(ByteView data) const {
    Bytes digest_bytes(static_cast<std::size_t>(EVP_MD_get_size(digest)));
    require(EVP_Digest(data.data(), data.size(), digest_bytes.data(), nullptr, digest, nullptr) == 1,
            "EVP_Digest");
    return digest_bytes;
}

void SignatureScheme::configure(EVP_PKEY_CTX* context) const {
    require(EVP_PKEY_CTX_set_signature_md(context, digest) == 1, "EVP_PKEY_CTX_set_signature_md");
    if (std::ranges::equal(algorithm, kRsaSha256)) {
        require(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1,
                "EVP_PKEY_CTX_set_rsa_padding");
    }
}

const SignatureScheme& signature_scheme(KeyType ca_key) {
    static const SignatureScheme ecdsa_p256{kEcdsaSha256, fetch("SHA256")};
    static const SignatureScheme ecdsa_p384{kEcdsaSha384, fetch("SHA384")};
    static const SignatureScheme rsa{kRsaSha256, fetch("SHA256")};
    switch (ca_key) {
        case KeyType::p256: return ecdsa_p256;
        case KeyType::p384: return ecdsa_p384;
        case KeyType::rsa2048:
        case KeyType::rsa3072:
        case KeyType::rsa4096: return rsa;
        case KeyType::ed25519: break;
    }
    throw Error(Code::KeyTypeUnsupported, "mbedTLS, which boards use, cannot verify an Ed25519 authority.");
}

SignatureVerifier::SignatureVerifier(const PublicKey& key) : scheme_(signature_scheme(key.type)) {
    const unsigned char* at = key.spki.data();
    pkey_.reset(d2i_PUBKEY(nullptr, &at, static_cast<long>(key.spki.size())));
    require(pkey_ != nullptr, "d2i_PUBKEY");
    context_.reset(EVP_PKEY_CTX_new_from_pkey(nullptr, pkey_.get(), nullptr));
    require(context_ != nullptr && EVP_PKEY_verify_init(context_.get()) == 1, "EVP_PKEY_verify_init");
    scheme_.configure(context_.get());
}

bool SignatureVerifier::verify(ByteView data, ByteView signature) {
    const QuietErrors quiet;
    const Bytes digest = scheme_.hash(data);
    return EVP_PKEY_verify(context_.get(), signature.data(), signature.size(), digest.data(),
                           digest.size()) == 1;
}

bool SignatureVerifier::verify_signed(ByteView whole) {
    const auto parts = der::split_signed(whole);
    return parts && std::ranges::equal(parts->algorithm, scheme_.algorithm) &&
           verify(parts->to_be_signed, parts->signature);
}

void KeySigner::FreeContext::operator()(EVP_PKEY_CTX* context) const noexcept {
    EVP_PKEY_CTX_free(context);
}

KeySigner::KeySigner(const PrivateKey& key)
    : public_key_(key.public_key()),
      largest_signature_(static_cast<std::size_t>(EVP_PKEY_get_size(key.handle()))) {
    const SignatureScheme& scheme = signature_scheme(key.type());
    context_.reset(EVP_PKEY_CTX_new_from_pkey(nullptr, key.handle(), nullptr));
    require(context_ != nullptr && EVP_PKEY_sign_init(context_.get()) == 1, "EVP_PKEY_sign_init");
    scheme.configure(context_.get());
}

Bytes KeySigner::sign(ByteView to_be_signed) {
    const Bytes digest = signature_scheme(public_key_.type).hash(to_be_signed);
    Bytes signature(largest_signature_);
    std::size_t length = signature.size();
    require(EVP_PKEY_sign(context_.get(), signature.data(), &length, digest.data(), digest.size()) == 1,
            "EVP_PKEY_sign");
    signature.resize(length);
    return signature;
}

}  // namespace countersign::pki
