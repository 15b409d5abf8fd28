// What a CA puts into everything it signs. For the sources of host/pki only.
#pragma once

#include "host/pki/certificate.h"
#include "host/pki/key.h"
#include "host/pki/signer.h"

namespace countersign::pki {

struct CaConstants {
    Bytes name;          // its subject, as DER Name: the issuer of what it signs
    Bytes authority_id;  // the complete AuthorityKeyIdentifier extension
    ByteView algorithm;  // of its signatures
};

// Throws Error{AuthorityBroken} when `signer` does not hold the key of `ca`.
[[nodiscard]] CaConstants constants_of(const Certificate& ca, const Signer& signer);

}  // namespace countersign::pki
