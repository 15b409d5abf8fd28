// A certificate as bytes and what they say. Reading foreign bytes is bounded and never crashes.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/identity/role.h"
#include "host/base/clock.h"
#include "host/pki/key.h"

namespace countersign::pki {

// RFC 5280 4.1.2.5: "no well-defined expiration date", 99991231235959Z.
inline constexpr Seconds kForever{std::chrono::sys_days{std::chrono::year{9999} / 12 / 31} +
                                  std::chrono::seconds{86399}};

// Ours are 400 to 1,600 bytes; nothing a device or broker can use comes near this.
inline constexpr std::size_t kMaxCertificateSize = std::size_t{16} * 1024;

struct CertificateInfo {
    std::string name;           // the subject's CN, "" when there is not exactly one
    std::optional<Role> role;   // from the SAN URI urn:countersign:role:<role>
    std::string issuer;         // the issuer's CN
    std::string serial;         // lower-case hex, whole octets, no leading zero octets
    Fingerprint fingerprint{};  // SHA-256 of the DER
    Fingerprint spki_sha256{};  // SHA-256 of the SubjectPublicKeyInfo: the same key, the same hash
    Seconds not_before{};
    Seconds not_after{};
    std::optional<KeyType> key_type;  // empty for a kind that is not ours
    bool is_ca = false;
    std::vector<std::string> hosts;  // DNS and IP SANs as text, in their order, each once

    bool operator==(const CertificateInfo&) const = default;
};

struct Certificate {
    Bytes der;
    CertificateInfo info;
};

// Exactly one certificate and nothing behind it. Throws Error{CertInvalid}.
[[nodiscard]] Certificate parse_certificate(ByteView der);
// The first certificate of a PEM text. Throws Error{CertInvalid}.
[[nodiscard]] Certificate parse_certificate_pem(std::string_view pem);

// All of them, in their order. Throws Error{CertInvalid} for one that cannot be read.
[[nodiscard]] std::vector<Certificate> parse_certificates_pem(std::string_view pem);

// Whether its key is of P-256, as boards make them: by how such a SubjectPublicKeyInfo begins. To read the
// whole certificate takes 200 times as long.
[[nodiscard]] bool has_p256_key(ByteView der) noexcept;

// What OpenSSL names a CA's file by in a folder of them (X509_NAME_hash_ex).
[[nodiscard]] unsigned long subject_hash(const Certificate& certificate);

[[nodiscard]] std::string to_pem(const Certificate& certificate);

// Throws Error{KeyTypeUnsupported} for a kind that is not ours.
[[nodiscard]] PublicKey public_key_of(const Certificate& certificate);

// "3f:9a:…" is for people elsewhere; we write 64 lower-case hex digits.
[[nodiscard]] std::string to_hex(ByteView bytes);

}  // namespace countersign::pki
