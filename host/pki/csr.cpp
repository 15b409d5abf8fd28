#include "host/pki/csr.h"

#include <openssl/crypto.h>
#include <openssl/objects.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "core/identity/name.h"
#include "host/base/error.h"
#include "host/base/foreign_text.h"
#include "host/base/printable.h"
#include "host/pki/der.h"
#include "host/pki/openssl.h"
#include "host/pki/pem.h"
#include "host/pki/x509_read.h"

namespace countersign::pki {
namespace {

Error invalid(std::string_view why) {
    return Error(Code::CsrInvalid, why);
}

// "NEW" is what old Microsoft and Netscape tools wrote (RFC 7468 section 7).
bool is_request(const PemBlock& block) {
    return block.label == "CERTIFICATE REQUEST" || block.label == "NEW CERTIFICATE REQUEST";
}

Bytes to_der(ByteView bytes) {
    if (der::split_signed(bytes)) return {bytes.begin(), bytes.end()};
    const auto text = foreign_text({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    const auto blocks = text ? pem_blocks(*text) : std::vector<PemBlock>();
    const auto first = std::find_if(blocks.begin(), blocks.end(), is_request);
    if (first == blocks.end()) {
        if (!blocks.empty())
            throw invalid("It holds a " + one_line(blocks.front().label) + " and no request.");
        throw invalid("It is neither a PEM nor a DER request.");
    }
    if (std::count_if(blocks.begin(), blocks.end(), is_request) > 1)
        throw invalid("It holds several requests; a file is for one.");
    if (!der::split_signed(first->der.bytes())) throw invalid("It is damaged.");
    return {first->der.bytes().begin(), first->der.bytes().end()};
}

// RSASSA-PSS names its hash in parameters of its own (RFC 4055 section 3.1); SHA-1 where it names none.
int pss_hash(const X509_ALGOR* algorithm, bool mask) {
    const ASN1_OBJECT* oid = nullptr;
    const void* value = nullptr;
    int type = V_ASN1_UNDEF;
    X509_ALGOR_get0(&oid, &type, &value, algorithm);
    if (type != V_ASN1_SEQUENCE) return NID_undef;
    const std::unique_ptr<RSA_PSS_PARAMS, decltype(&RSA_PSS_PARAMS_free)> parameters(
        static_cast<RSA_PSS_PARAMS*>(
            ASN1_item_unpack(static_cast<const ASN1_STRING*>(value), ASN1_ITEM_rptr(RSA_PSS_PARAMS))),
        &RSA_PSS_PARAMS_free);
    if (parameters == nullptr) return NID_undef;
    if (!mask)
        return parameters->hashAlgorithm == nullptr ? NID_sha1
                                                    : OBJ_obj2nid(parameters->hashAlgorithm->algorithm);
    if (parameters->maskGenAlgorithm == nullptr) return NID_sha1;
    X509_ALGOR_get0(&oid, &type, &value, parameters->maskGenAlgorithm);
    if (type != V_ASN1_SEQUENCE) return NID_undef;
    const std::unique_ptr<X509_ALGOR, decltype(&X509_ALGOR_free)> hash(
        static_cast<X509_ALGOR*>(
            ASN1_item_unpack(static_cast<const ASN1_STRING*>(value), ASN1_ITEM_rptr(X509_ALGOR))),
        &X509_ALGOR_free);
    return hash == nullptr ? NID_undef : OBJ_obj2nid(hash->algorithm);
}

bool is_strong(int digest) {
    return digest == NID_sha256 || digest == NID_sha384 || digest == NID_sha512;
}

// SHA-1 and MD5 prove nothing any more. Ed25519 hashes inside and names no digest.
void check_digest(const X509_REQ* request) {
    const X509_ALGOR* algorithm = nullptr;
    X509_REQ_get0_signature(request, nullptr, &algorithm);
    const int signature = X509_REQ_get_signature_nid(request);
    int digest = NID_undef;
    const bool known = OBJ_find_sigid_algs(signature, &digest, nullptr) == 1;
    const bool strong = signature == NID_ED25519 ||
                        (signature == NID_rsassaPss
                             ? is_strong(pss_hash(algorithm, false)) && is_strong(pss_hash(algorithm, true))
                             : is_strong(digest));
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

std::string name_in(const X509_REQ* request, std::string_view name_if_none) {
    X509_NAME* subject = X509_REQ_get_subject_name(request);
    if (!name_if_none.empty() && X509_NAME_get_index_by_NID(subject, NID_commonName, -1) < 0)
        return std::string(name_if_none);
    std::string name = common_name(subject);
    if (name.empty()) throw invalid("Its subject has no CN, or several.");
    if (!is_valid_name(name)) throw Error(Code::NameInvalid, "The CN of the request is no device name.");
    return name;
}

}  // namespace

Csr parse_csr(ByteView bytes, std::string_view name_if_none) {
    const QuietErrors quiet;
    if (bytes.size() > kMaxCsrSize) throw invalid("It is larger than 8 KiB.");
    const Bytes der = to_der(bytes);
    const unsigned char* at = der.data();
    const X509ReqPtr request(d2i_X509_REQ(nullptr, &at, static_cast<long>(der.size())));
    if (request == nullptr || at != der.data() + der.size()) throw invalid("It is damaged.");
    Csr csr{name_in(request.get(), name_if_none), public_key_of(request.get())};
    check_digest(request.get());
    if (X509_REQ_verify(request.get(), X509_REQ_get0_pubkey(request.get())) != 1) {
        throw invalid("Its signature is not by the key inside it.");
    }
    return csr;
}

}  // namespace countersign::pki
