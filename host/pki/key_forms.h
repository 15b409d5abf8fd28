// The constant bytes around the numbers of a key. For the sources of host/pki only.
#pragma once

#include <cstddef>

#include "host/pki/key.h"

namespace countersign::pki {

// A curve's keys as DER: everything but the scalar and the point is the same for every key.
struct EcForm {
    std::size_t scalar_size;  // also that of a coordinate
    ByteView spki_prefix;     // SEQUENCE, AlgorithmIdentifier, BIT STRING header; the point follows
    ByteView pkcs8_prefix;    // through the header of the OCTET STRING with the scalar
    ByteView pkcs8_middle;    // between scalar and point

    // The AlgorithmIdentifier, with tag and length
    [[nodiscard]] ByteView algorithm() const noexcept {
        return spki_prefix.subspan(2, spki_prefix.size() - 5);
    }
    [[nodiscard]] std::size_t point_size() const noexcept { return 1 + 2 * scalar_size; }
};

// nullptr for a kind that is not on a curve of ours (Ed25519 has forms of its own).
[[nodiscard]] const EcForm* ec_form(KeyType type) noexcept;

}  // namespace countersign::pki
