#include "host/broker/plugin/decision.h"

#include "core/identity/name.h"

namespace countersign::broker::plugin {
namespace {

Reason standing_reason(const Standing& standing, std::int64_t now) noexcept {
    switch (standing.state) {
        case CertificateState::pending:
        case CertificateState::active:
            // RFC 5280, 4.1.2.5: valid through notAfter, inclusive.
            return now > standing.not_after ? Reason::expired : Reason::none;
        case CertificateState::retired: return Reason::retired;
        case CertificateState::held: return Reason::held;
        case CertificateState::revoked: return Reason::revoked;
    }
    return Reason::damaged_row;
}

// A device is its client id: a second session under it ends the first, so nobody else may use it. An operator
// may have several, told apart behind a slash.
bool owns_client_id(Role role, std::string_view username, std::string_view client_id) noexcept {
    if (role == Role::device || role == Role::birth) return client_id == username;
    return client_id.size() > username.size() + 1 && client_id.starts_with(username) &&
           client_id[username.size()] == '/';
}

bool is_a_devices(std::string_view client_id) noexcept {
    const std::string_view birth = username_prefix(Role::birth);
    if (client_id.starts_with(birth)) client_id.remove_prefix(birth.size());
    return is_valid_name(client_id);
}

}  // namespace

std::string_view in_words(Reason reason) noexcept {
    switch (reason) {
        case Reason::none: return "is good";
        case Reason::no_admission_file: return "cannot be looked up: there is no admission file";
        case Reason::damaged_row: return "cannot be looked up: its row in the admission file is damaged";
        case Reason::unknown: return "is not registered";
        case Reason::retired: return "is retired: a newer one is in use";
        case Reason::held: return "is held";
        case Reason::revoked: return "is revoked";
        case Reason::expired: return "has expired";
        case Reason::odd_name: return "has no usable name";
        case Reason::foreign_client_id: return "may not use this client id";
    }
    return "is refused";
}

std::string_view one_word(Reason reason) noexcept {
    switch (reason) {
        case Reason::none: return "good";
        case Reason::no_admission_file: return "no-admission-file";
        case Reason::damaged_row: return "damaged-row";
        case Reason::unknown: return "unknown";
        case Reason::retired: return "retired";
        case Reason::held: return "held";
        case Reason::revoked: return "revoked";
        case Reason::expired: return "expired";
        case Reason::odd_name: return "odd-name";
        case Reason::foreign_client_id: return "foreign-client-id";
    }
    return "refused";
}

Reason judge(bool loaded, const admission::Lookup& lookup, std::int64_t now) noexcept {
    if (!loaded) return Reason::no_admission_file;
    if (lookup.found == admission::Found::damaged) return Reason::damaged_row;
    if (lookup.found != admission::Found::yes) return Reason::unknown;
    return standing_reason(lookup.standing, now);
}

Decision decide(bool loaded, const admission::Lookup& lookup, std::int64_t now, std::string_view name,
                std::string_view client_id, bool vacant) {
    if (const Reason reason = judge(loaded, lookup, now); reason != Reason::none) return {reason, {}};
    if (!is_valid_name(name)) return {Reason::odd_name, {}};
    std::string username(username_prefix(lookup.standing.role));
    username += name;
    const bool sweeps = vacant && lookup.standing.role == Role::operator_ && is_a_devices(client_id);
    if (!sweeps && !owns_client_id(lookup.standing.role, username, client_id))
        return {Reason::foreign_client_id, {}};
    return {Reason::none, std::move(username)};
}

}  // namespace countersign::broker::plugin
