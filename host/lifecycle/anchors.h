// What devices trust, version by version (docs/protocol.md, "Anchors"). Version 1 is what they were enrolled
// with; each later one is a message in authority/anchors/, signed by the root of the version before.
#pragma once

#include <cstdint>
#include <vector>

#include "host/lifecycle/home.h"
#include "host/pki/authority.h"

namespace countersign::lifecycle {

// Of the newest set: what a device loaded today gets.
[[nodiscard]] std::uint32_t anchors_version(const Home& home);

// The message that makes `authority` (root, then issuing CA) what devices trust. Throws
// Error{KeyTypeUnsupported} when the old root is not P-256: boards verify nothing else.
[[nodiscard]] std::vector<std::uint8_t> make_anchor_set(std::uint32_t version,
                                                        const pki::Authority& authority,
                                                        const pki::PrivateKey& old_root);

}  // namespace countersign::lifecycle
