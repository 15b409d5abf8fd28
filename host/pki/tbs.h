// TBSCertificate (RFC 5280 4.1): the part of a certificate that is signed. For the sources of host/pki only.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "host/base/clock.h"
#include "host/pki/key.h"
#include "host/pki/random.h"
#include "host/pki/signer.h"

namespace countersign::pki {

struct TbsFields {
    ByteView serial;     // magnitude
    ByteView algorithm;  // DER AlgorithmIdentifier of the signature
    ByteView issuer;     // DER Name
    Seconds not_before{};
    Seconds not_after{};
    ByteView subject;  // DER Name
    ByteView spki;     // DER
};

// The extensions are complete DER Extensions, in the order given.
[[nodiscard]] Bytes encode_tbs(const TbsFields& fields, std::initializer_list<ByteView> extensions);

// A Name of one CN, as UTF8String (RFC 5280 4.1.2.4).
[[nodiscard]] Bytes encode_name(std::string_view common_name);

// 128 random bits, never zero: unique without a counter to keep, and 17 of the 20 octets that RFC
// 5280 4.1.2.2 allows. Without leading zero octets.
[[nodiscard]] Bytes random_serial(Random& random);

// The complete certificate.
[[nodiscard]] Bytes sign_tbs(ByteView tbs, Signer& signer, ByteView proof = {});

}  // namespace countersign::pki
