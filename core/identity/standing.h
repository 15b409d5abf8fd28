// How one certificate stands: all that decides whether it may connect. The registry publishes these, the
// admission file holds them, the plugin inside the broker reads them.
#pragma once

#include <cstdint>

#include "core/identity/role.h"

namespace countersign {

struct Standing {
    Fingerprint fingerprint{};
    std::int64_t not_after = 0;  // seconds since 1970, UTC
    Role role = Role::device;
    CertificateState state = CertificateState::pending;
    // A device's first connect with what was issued to it by hand: it takes up nobody's session.
    bool fresh = false;

    friend bool operator==(const Standing&, const Standing&) = default;
};

}  // namespace countersign
