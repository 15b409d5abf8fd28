// When certificates are renewed, and what the policy allows.
#pragma once

#include <cstddef>
#include <string_view>

#include "host/lifecycle/home.h"
#include "host/registry/records.h"

namespace countersign::lifecycle {

struct RenewalPolicy {
    std::chrono::seconds lifetime{};  // of the certificates it ends in
    bool birth_needs_nod = false;     // a person approves what a birth certificate asks for
    std::size_t per_day = 0;          // certificates for one device
};

[[nodiscard]] RenewalPolicy renewal_policy(const Settings& settings);

// docs/protocol.md, "Renewal", 1: two thirds of its life, and a share of a twelfth of it that is the name's
// own.
[[nodiscard]] Seconds renewal_due(std::string_view name, Seconds issued_at, Seconds not_after);

// Its renewal was due and nothing signed has come from it since: switched off, or cut off.
[[nodiscard]] bool overdue(const registry::Summary& row, Seconds now);

}  // namespace countersign::lifecycle
