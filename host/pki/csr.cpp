#include "host/pki/csr.h"

#include <openssl/crypto.h>
#include <openssl/objects.h>

#include "core/identity/name.h"
#include "host/base/error.h"
#include "host/pki/der.h"
#include "host/pki/openssl.h"
#include "host/pki/pem.h"
#include "host/pki/x509_read.h"

namespace countersign::pki {
namespace {

Error invalid(std::string_view why) {
    return Error(Code::CsrInvalid, why);
}

Bytes to_der(ByteView bytes) {
    if (der::split_signed(bytes)) return {bytes.begin(), bytes.end()};
    const auto block = pem_decode({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    // "NEW" is what old Microsoft and Netscape tools wrote (RFC 7468 section 7).
    const bool request =
        block && (block->label == "CERTIFICATE REQUEST" || block->label == "NEW CERTIFICATE REQUEST");
    if (!request || !der::split_signed(block->der.bytes()))
        throw invalid("It is neither a PEM nor a DER request.");
    return {block->der.bytes().begin(), block->der.bytes().end()};
}

// SHA-1 and MD5 prove nothing any more. Ed25519 hashes inside and names no digest.
void check_digest(const X509_REQ* request) {
    int digest = NID_undef;
    const bool known = OBJ_find_sigid_algs(X509_REQ_get_signature_nid(request), &digest, nullptr) == 1;
    const bool strong =
        digest == NID_sha256 || digest == NID_sha384 || digest == NID_sha512 || digest == NID_undef;
    if (!known || !strong) throw invalid("It is not signed with SHA-256, SHA-384 or SHA-512.");
}

PublicKey public_key_of(X509_REQ* request) {
    unsigned char* der = nullptr;
    const int length = i2d_X509_PUBKEY(X509_REQ_get_X509_PUBKEY(request), &der);
    if (length <= 0) throw invalid("It holds no public key.");
    const Bytes spki(der, der + length);
    OPENSSL_free(der);
    return parse_public_key(spki);
}

std::string name_in(const X509_REQ* request) {
    std::string name = common_name(X509_REQ_get_subject_name(request));
    if (name.empty()) throw invalid("Its subject has no CN, or several.");
    if (!is_valid_name(name)) throw Error(Code::NameInvalid, "The CN of the request is no device name.");
    return name;
}

}  // namespace

Csr parse_csr(ByteView bytes) {
    const QuietErrors quiet;
    if (bytes.size() > kMaxCsrSize) throw invalid("It is larger than 8 KiB.");
    const Bytes der = to_der(bytes);
    const unsigned char* at = der.data();
    const X509ReqPtr request(d2i_X509_REQ(nullptr, &at, static_cast<long>(der.size())));
    if (request == nullptr || at != der.data() + der.size()) throw invalid("It is damaged.");
    Csr csr{name_in(request.get()), public_key_of(request.get())};
    check_digest(request.get());
    if (X509_REQ_verify(request.get(), X509_REQ_get0_pubkey(request.get())) != 1) {
        throw invalid("Its signature is not by the key inside it.");
    }
    return csr;
}

}  // namespace countersign::pki
