// When certificates are renewed, and what the policy allows.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "host/lifecycle/home.h"
#include "host/pki/certificate.h"
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

// The kind of key of a device's certificate that cannot renew over the network, "rsa2048"; nullopt for P-256.
// Requests are signed with P-256 only: it is what a board's Python can compute, and one kind is one protocol.
[[nodiscard]] std::optional<std::string> renews_by_hand(const pki::CertificateInfo& certificate);
[[nodiscard]] std::optional<std::string> renews_by_hand(pki::ByteView der);

}  // namespace countersign::lifecycle
