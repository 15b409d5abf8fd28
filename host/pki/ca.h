// What a CA puts into everything it signs. For the sources of host/pki only.
#pragma once

#include "host/pki/certificate.h"
#include "host/pki/key.h"
#include "host/pki/random.h"
#include "host/pki/signer.h"

namespace countersign::pki {

struct CaConstants {
    Bytes name;          // its subject, as DER Name: the issuer of what it signs
    Bytes authority_id;  // the complete AuthorityKeyIdentifier extension
    ByteView algorithm;  // of its signatures
};

struct RootFields {
    ByteView algorithm;     // of the signature
    ByteView name;          // DER Name: the subject
    ByteView authority_id;  // the complete extension
    Seconds not_before{};
    Seconds not_after{};
    ByteView issuer{};  // DER Name; empty: it signs itself
};

// "Countersign Root 3f9a12bc": the mark is random, so that no two roots are taken for each other.
[[nodiscard]] std::string root_name(Random& random);

// The TBSCertificate of a root, whoever signs it.
[[nodiscard]] Bytes root_tbs(const PublicKey& key, const RootFields& fields, Random& random);

// Throws Error{AuthorityBroken} when `signer` does not hold the key of `ca`.
[[nodiscard]] CaConstants constants_of(const Certificate& ca, const Signer& signer);

}  // namespace countersign::pki
