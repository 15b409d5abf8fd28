// The life of a certificate as a pure function: state + act -> next state.
//
//   pending --confirm--> active --supersede--> retired        hold: pending, active -> held
//   pending --supersede--> retired (skipped)                  reinstate: held -> what it was
//   anything --revoke--> revoked, for good
#pragma once

#include <cstdint>
#include <optional>

#include "core/identity/role.h"

namespace countersign::registry {

enum class Act : std::uint8_t {
    confirm,    // the device has proven that it uses it
    supersede,  // a certificate issued later has been confirmed
    hold,
    reinstate,
    revoke
};

// nullopt: the act is not possible in this state. The same state: nothing to do. `held_from` is what a held
// one was before.
[[nodiscard]] constexpr std::optional<CertificateState> next_state(CertificateState state, Act act,
                                                                   CertificateState held_from) noexcept {
    using enum CertificateState;
    if (act == Act::revoke) return revoked;
    switch (state) {
        case pending:
        case active:
            if (act == Act::confirm) return active;
            if (act == Act::supersede) return retired;
            return act == Act::hold ? held : state;
        case held:
            // Its successor works: the held one is not wanted back.
            if (act == Act::supersede) return retired;
            if (act == Act::reinstate) return held_from;
            return act == Act::hold ? std::optional(held) : std::nullopt;
        case retired:
        case revoked:
            // An ended one stays ended. Confirming one is a device (or its clone) that woke up with an old
            // key.
            return act == Act::confirm ? std::nullopt : std::optional(state);
    }
    return std::nullopt;
}

}  // namespace countersign::registry
