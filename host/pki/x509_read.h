// What OpenSSL's parsed objects say, in our own types. For the sources of host/pki only.
#pragma once

#include <optional>
#include <string>

#include "host/base/clock.h"
#include "host/pki/openssl.h"

namespace countersign::pki {

// The SAN URIs of our certificates
inline constexpr std::string_view kDeviceUri = "urn:countersign:device:";
inline constexpr std::string_view kRoleUri = "urn:countersign:role:";

// nullptr unless the bytes are exactly one certificate in DER (and not in BER, which has several spellings
// and would give one certificate several fingerprints).
[[nodiscard]] X509Ptr decode_x509(ByteView der);

// For certificates that were parsed before.
[[nodiscard]] X509Ptr to_x509(ByteView der);

[[nodiscard]] ByteView asn1_bytes(const ASN1_STRING* string);

// Foreign text made safe for a terminal and a log: everything but printable ASCII becomes '?'.
[[nodiscard]] std::string printable(ByteView text);

// The only CN of a name; "" when there is none or there are several.
[[nodiscard]] std::string common_name(const X509_NAME* name);

[[nodiscard]] std::optional<Seconds> to_seconds(const ASN1_TIME* time);

[[nodiscard]] Bytes spki_of(const X509* x509);
[[nodiscard]] Bytes name_of(const X509_NAME* name);

}  // namespace countersign::pki
