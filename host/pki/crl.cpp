#include "host/pki/crl.h"

#include <openssl/x509v3.h>

#include <array>
#include <memory>

#include "host/base/error.h"
#include "host/pki/ca.h"
#include "host/pki/der.h"
#include "host/pki/extensions.h"
#include "host/pki/pem.h"
#include "host/pki/signature.h"
#include "host/pki/tbs.h"
#include "host/pki/x509_read.h"

namespace countersign::pki {
namespace {

constexpr std::array<std::uint8_t, 3> kVersion2{0x02, 0x01, 0x01};  // INTEGER 1
constexpr std::size_t kMaxSerial = 20;                              // octets, RFC 5280 4.1.2.2

std::uint8_t digit(char c) {
    if (c >= '0' && c <= '9') return static_cast<std::uint8_t>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<std::uint8_t>(c - 'a' + 10);
    throw Error(Code::CertInvalid, "A serial number is lower-case hex.");
}

Bytes serial_of(const std::string& hex) {
    if (hex.empty() || hex.size() % 2 != 0 || hex.size() > 2 * kMaxSerial) {
        throw Error(Code::CertInvalid, "A serial number is 1 to 20 octets of hex.");
    }
    Bytes serial;
    for (std::size_t i = 0; i < hex.size(); i += 2) {
        serial.push_back(static_cast<std::uint8_t>(digit(hex[i]) << 4U | digit(hex[i + 1])));
    }
    return serial;
}

Bytes entry(const RevokedCertificate& revoked) {
    const Bytes serial = der::integer(serial_of(revoked.serial));
    const Bytes date = der::time(revoked.at);
    // RFC 5280 5.3.1: the reason "unspecified" is said by saying nothing.
    if (revoked.reason == RevocationReason::unspecified) return der::element(der::kSequence, {serial, date});
    const Bytes reason = crl_reason(static_cast<std::uint8_t>(revoked.reason));
    return der::element(der::kSequence, {serial, date, der::element(der::kSequence, {reason})});
}

// RFC 5280 5.1.2.6: absent when empty.
Bytes entries(std::span<const RevokedCertificate> revoked) {
    if (revoked.empty()) return {};
    Bytes all;
    for (const RevokedCertificate& one : revoked) {
        const Bytes bytes = entry(one);
        all.insert(all.end(), bytes.begin(), bytes.end());
    }
    return der::element(der::kSequence, {all});
}

struct Free {
    void operator()(X509_CRL* crl) const noexcept { X509_CRL_free(crl); }
    void operator()(ASN1_STRING* value) const noexcept { ASN1_STRING_free(value); }
};
using CrlPtr = std::unique_ptr<X509_CRL, Free>;
using IntegerPtr = std::unique_ptr<ASN1_INTEGER, Free>;
using EnumeratedPtr = std::unique_ptr<ASN1_ENUMERATED, Free>;

RevocationReason reason_of(const X509_REVOKED& entry) {
    const EnumeratedPtr reason(
        static_cast<ASN1_ENUMERATED*>(X509_REVOKED_get_ext_d2i(&entry, NID_crl_reason, nullptr, nullptr)));
    return reason ? static_cast<RevocationReason>(ASN1_ENUMERATED_get(reason.get()))
                  : RevocationReason::unspecified;
}

}  // namespace

Bytes make_crl(const Certificate& ca, Signer& signer, std::span<const RevokedCertificate> revoked,
               const CrlConfig& config) {
    if (config.next_update <= config.this_update || config.next_update > kForever) {
        throw Error(Code::ValidityInvalid, "A revocation list must end after it begins.");
    }
    const CaConstants constants = constants_of(ca, signer);
    const Bytes extensions =
        der::element(der::kSequence, {constants.authority_id, crl_number(config.number)});
    const Bytes tbs =
        der::element(der::kSequence, {kVersion2, constants.algorithm, constants.name,
                                      der::time(config.this_update), der::time(config.next_update),
                                      entries(revoked), der::element(der::constructed(0), {extensions})});
    Bytes crl = sign_tbs(tbs, signer);
    if (!SignatureVerifier(signer.public_key()).verify_signed(crl)) {
        throw Error(Code::CertInvalid, "A revocation list was made and thrown away: its signature is wrong.");
    }
    return crl;
}

std::optional<CrlContent> read_crl(ByteView der, const Certificate& ca) {
    const QuietErrors quiet;
    const unsigned char* at = der.data();
    const CrlPtr crl(d2i_X509_CRL(nullptr, &at, static_cast<long>(der.size())));
    if (!crl || at != der.data() + der.size()) return std::nullopt;
    if (!SignatureVerifier(public_key_of(ca)).verify_signed(der)) return std::nullopt;
    const IntegerPtr number(
        static_cast<ASN1_INTEGER*>(X509_CRL_get_ext_d2i(crl.get(), NID_crl_number, nullptr, nullptr)));
    const auto next = to_seconds(X509_CRL_get0_nextUpdate(crl.get()));
    CrlContent content;
    if (!number || !next || ASN1_INTEGER_get_uint64(&content.number, number.get()) != 1) return std::nullopt;
    content.next_update = *next;
    const auto* entries = X509_CRL_get_REVOKED(crl.get());
    for (int i = 0; i < sk_X509_REVOKED_num(entries); ++i) {
        const X509_REVOKED* entry = sk_X509_REVOKED_value(entries, i);
        const auto revoked_at = to_seconds(X509_REVOKED_get0_revocationDate(entry));
        if (!revoked_at) return std::nullopt;
        content.revoked.push_back(
            {to_hex(asn1_bytes(X509_REVOKED_get0_serialNumber(entry))), *revoked_at, reason_of(*entry)});
    }
    return content;
}

std::string crl_to_pem(ByteView der) {
    return pem_encode("X509 CRL", der);
}

}  // namespace countersign::pki
