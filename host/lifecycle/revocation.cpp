#include "host/lifecycle/revocation.h"

#include <fmt/format.h>
#include <strings.h>

#include <algorithm>
#include <array>

#include "core/identity/name.h"
#include "host/base/error.h"

namespace countersign::lifecycle {
namespace {

using pki::RevocationReason;

struct Word {
    RevocationReason reason;
    std::string_view word;
};

constexpr std::array<Word, 7> kWords{{
    {RevocationReason::unspecified, "unspecified"},
    {RevocationReason::key_compromise, "keyCompromise"},
    {RevocationReason::affiliation_changed, "affiliationChanged"},
    {RevocationReason::superseded, "superseded"},
    {RevocationReason::cessation_of_operation, "cessationOfOperation"},
    {RevocationReason::certificate_hold, "certificateHold"},
    {RevocationReason::privilege_withdrawn, "privilegeWithdrawn"},
}};

// The device in its own spelling, when acts of this kind are for it.
std::string checked_name(OpenHome& home, std::string_view name) {
    const auto device = home.registry().find_device(name);
    if (!device) throw Error(Code::NameUnknown, fmt::format("No device is named {}.", name));
    if (device->role == Role::broker) {
        throw Error(
            Code::NameReserved,
            "The broker's certificate is not revoked: devices look at no list, they look at its name.",
            "countersign renew broker --new-key");
    }
    if (is_reserved_name(device->name)) {
        throw Error(
            Code::NameReserved,
            fmt::format("{} is this host's own identity: without it the host could not reach the broker.",
                        device->name),
            fmt::format("countersign renew {} --new-key revokes what it has and gives it another",
                        device->name));
    }
    return device->name;
}

std::size_t count(const std::vector<registry::Certificate>& certificates, CertificateState state) {
    return static_cast<std::size_t>(std::count_if(certificates.begin(), certificates.end(),
                                                  [&](const auto& one) { return one.state == state; }));
}

Verdict verdict(OpenHome& home, std::string name, std::size_t changed) {
    home.publish();
    Verdict result{std::move(name), changed, {}};
    for (auto& certificate : home.registry().certificates_of(result.name)) {
        if (!may_connect(certificate.state)) result.out.push_back(std::move(certificate));
    }
    return result;
}

}  // namespace

std::string_view to_string(RevocationReason reason) noexcept {
    for (const auto& word : kWords) {
        if (word.reason == reason) return word.word;
    }
    return "unspecified";
}

std::optional<RevocationReason> parse_reason(std::string_view word) noexcept {
    for (const auto& known : kWords) {
        if (known.word.size() != word.size() || known.reason == RevocationReason::certificate_hold) continue;
        if (::strncasecmp(known.word.data(), word.data(), word.size()) == 0) return known.reason;
    }
    return std::nullopt;
}

Verdict revoke(OpenHome& home, std::string_view name, RevocationReason reason) {
    auto spelling = checked_name(home, name);
    const std::size_t changed = home.registry().revoke(spelling, to_string(reason));
    return verdict(home, std::move(spelling), changed);
}

Verdict hold(OpenHome& home, std::string_view name, std::string_view note) {
    auto spelling = checked_name(home, name);
    const std::size_t changed = home.registry().hold(spelling, note);
    const auto certificates = home.registry().certificates_of(spelling);
    if (changed == 0 && count(certificates, CertificateState::held) == 0) {
        throw Error(Code::CertState, fmt::format("{} has no certificate that could be held.", spelling),
                    fmt::format("countersign show {}", spelling));
    }
    return verdict(home, std::move(spelling), changed);
}

Verdict reinstate(OpenHome& home, std::string_view name) {
    auto spelling = checked_name(home, name);
    const std::size_t changed = home.registry().reinstate(spelling);
    if (changed == 0) {
        const bool revoked = count(home.registry().certificates_of(spelling), CertificateState::revoked) != 0;
        throw Error(Code::CertState,
                    revoked ? fmt::format("{} is revoked, which is for good.", spelling)
                            : fmt::format("{} is not held.", spelling),
                    revoked ? fmt::format("countersign issue {} --replace", spelling)
                            : fmt::format("countersign show {}", spelling));
    }
    return verdict(home, std::move(spelling), changed);
}

}  // namespace countersign::lifecycle
