// A person's word on which key is a device's: what `approve` does.
#pragma once

#include <string_view>

#include "host/registry/registry.h"

namespace countersign::lifecycle {

struct Approval {
    registry::Waiting request;  // its `request` is empty when the key has a certificate already
    bool decided = false;       // a fork was ended by it
};

// `key` is the beginning of the key's fingerprint in hex, as `renewals` shows it; it may be left out where
// one key waits and nothing is in doubt. Throws Error{NameUnknown, NothingWaits}, Error{IdentityForked} when
// the key must be named, Error{Usage} when it says too little.
[[nodiscard]] Approval approve(registry::Registry& registry, std::string_view name, std::string_view key);

}  // namespace countersign::lifecycle
