#include "host/broker/policy.h"

#include <algorithm>
#include <array>

#include "host/broker/control_topics.h"

namespace countersign::broker {
namespace {

// Orders are the operators' to give: what a thief has left of himself under cmd/ would be obeyed by whoever
// gets the name next.
constexpr std::array kDevice{
    Grant{Access::read, "devices/%u/#"},
    Grant{Access::write, "devices/%u/#"},
    Grant{Access::never_write, "devices/%u/cmd/#"},
    Grant{Access::write, "countersign/%u/request"},
    Grant{Access::write, "countersign/%u/state"},
    Grant{Access::read, "countersign/%u/#"},
};
constexpr std::array kBirth{
    Grant{Access::write, "countersign/%u/request"},
    Grant{Access::write, "countersign/%u/state"},
    Grant{Access::read, "countersign/%u/#"},
};
constexpr std::array kOperator{
    Grant{Access::write, "devices/#"},
    Grant{Access::write, kControlTopic},
    Grant{Access::read, "#"},
    Grant{Access::read, "$SYS/#"},
};
constexpr std::array kResponder{
    Grant{Access::read, "countersign/+/request"},
    Grant{Access::read, "countersign/+/state"},
    Grant{Access::write, "countersign/+/certificate"},
    Grant{Access::write, "countersign/+/command"},
};

// The levels of a topic or filter, one after the other.
class Levels {
  public:
    explicit Levels(std::string_view text) noexcept : rest_(text) {}
    [[nodiscard]] bool done() const noexcept { return done_; }
    std::string_view next() noexcept {
        const std::size_t end = rest_.find('/');
        const std::string_view level = rest_.substr(0, end);
        done_ = end == std::string_view::npos;
        rest_.remove_prefix(done_ ? rest_.size() : end + 1);
        return level;
    }

  private:
    std::string_view rest_;
    bool done_ = false;
};

bool is_granted(std::string_view username, Access access, std::string_view asked) noexcept {
    const auto role = role_of(username);
    if (!role) return false;
    return std::ranges::any_of(grants_of(*role), [&](const Grant& grant) {
        return grant.access == access && covers(grant.filter, asked, username);
    });
}

}  // namespace

std::span<const Grant> grants_of(Role role) noexcept {
    switch (role) {
        case Role::device: return kDevice;
        case Role::birth: return kBirth;
        case Role::operator_: return kOperator;
        case Role::responder: return kResponder;
        case Role::broker: return {};
    }
    return {};
}

std::optional<Role> role_of(std::string_view username) noexcept {
    for (const Role role : {Role::birth, Role::operator_, Role::responder}) {
        const std::string_view prefix = username_prefix(role);
        if (username.size() > prefix.size() && username.starts_with(prefix)) return role;
    }
    if (username.empty() || username.find('~') != std::string_view::npos) return std::nullopt;
    return Role::device;
}

bool covers(std::string_view grant, std::string_view asked, std::string_view username) noexcept {
    if (grant.empty() || asked.empty()) return false;
    // A wildcard that comes first matches no topic that begins with $ (MQTT 3.1.1, 4.7.2).
    if (asked.front() == '$' && (grant.front() == '#' || grant.front() == '+')) return false;
    Levels granted(grant), wanted(asked);
    for (;;) {
        const std::string_view level = granted.next();
        if (level == "#") return true;
        const std::string_view want = wanted.next();
        if (want == "#") return false;
        if (level != "+" && (want == "+" || want != (level == "%u" ? username : level))) return false;
        // "a/#" covers "a" as well (MQTT 3.1.1, 4.7.1.2).
        if (wanted.done()) return granted.done() || granted.next() == "#";
        if (granted.done()) return false;
    }
}

std::optional<std::string_view> subject_of(std::string_view filter) noexcept {
    constexpr std::string_view kShared = "$share";
    if (filter.substr(0, filter.find('/')) != kShared) return filter;
    filter.remove_prefix(std::min(filter.size(), kShared.size() + 1));
    const std::size_t end = filter.find('/');
    if (end == 0 || end == std::string_view::npos || end + 1 == filter.size()) return std::nullopt;
    if (filter.substr(0, end).find_first_of("+#") != std::string_view::npos) return std::nullopt;
    return filter.substr(end + 1);
}

bool may_subscribe(std::string_view username, std::string_view filter) noexcept {
    const auto subject = subject_of(filter);
    return subject && is_granted(username, Access::read, *subject);
}

bool may_read(std::string_view username, std::string_view topic) noexcept {
    return is_granted(username, Access::read, topic);
}

bool may_write(std::string_view username, std::string_view topic) noexcept {
    return is_granted(username, Access::write, topic) && !is_withheld(username, topic);
}

bool is_withheld(std::string_view username, std::string_view topic) noexcept {
    return is_granted(username, Access::never_write, topic);
}

}  // namespace countersign::broker
