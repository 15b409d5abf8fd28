// Certificate revocation lists (RFC 5280 section 5), for other software.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "host/base/clock.h"
#include "host/pki/certificate.h"
#include "host/pki/signer.h"

namespace countersign::pki {

// RFC 5280 5.3.1; the numbers are those of the standard.
enum class RevocationReason : std::uint8_t {
    unspecified = 0,
    key_compromise = 1,
    affiliation_changed = 3,
    superseded = 4,
    cessation_of_operation = 5,
    certificate_hold = 6,
    privilege_withdrawn = 9,
};

struct RevokedCertificate {
    std::string serial;  // hex, as in CertificateInfo
    Seconds at{};
    RevocationReason reason = RevocationReason::unspecified;
};

struct CrlConfig {
    std::uint64_t number = 0;  // counts up with each list of a CA (RFC 5280 5.2.3)
    Seconds this_update{};
    Seconds next_update = kForever;
};

// The DER of a signed v2 CRL, its signature checked. Throws Error: AuthorityBroken when `signer` does not
// hold the CA's key, ValidityInvalid when next_update is not after this_update, CertInvalid for a malformed
// serial.
[[nodiscard]] Bytes make_crl(const Certificate& ca, Signer& signer,
                             std::span<const RevokedCertificate> revoked, const CrlConfig& config);

struct CrlContent {
    std::uint64_t number = 0;
    Seconds next_update{};
    std::vector<RevokedCertificate> revoked;
};

// What a list of this CA says; nullopt when it is not one, or not signed by it.
[[nodiscard]] std::optional<CrlContent> read_crl(ByteView der, const Certificate& ca);

[[nodiscard]] std::string crl_to_pem(ByteView der);

}  // namespace countersign::pki
