// What each role may do over MQTT, in one table: the access list is written from it, and the plugin judges by
// it what the access list cannot say (whole subscriptions, exceptions, birth identities).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "core/identity/role.h"

namespace countersign::broker {

enum class Access : std::uint8_t {
    read,
    write,
    never_write,  // taken away from what `write` grants
};

struct Grant {
    Access access;
    std::string_view filter;  // a topic filter; the level %u is the user name, as in Mosquitto's access list
};

// Empty for a role that is no client's.
[[nodiscard]] std::span<const Grant> grants_of(Role role) noexcept;

// The role that a user name of the plugin's says. nullopt: it is none of them.
[[nodiscard]] std::optional<Role> role_of(std::string_view username) noexcept;

// Whether each topic that matches `asked` (a filter or a topic) matches `grant` too.
[[nodiscard]] bool covers(std::string_view grant, std::string_view asked, std::string_view username) noexcept;

// The filter that a subscription is about: what is behind "$share/GROUP/", else itself. nullopt when a shared
// one is malformed (MQTT 5, 4.8.2).
[[nodiscard]] std::optional<std::string_view> subject_of(std::string_view filter) noexcept;

[[nodiscard]] bool may_subscribe(std::string_view username, std::string_view filter) noexcept;
[[nodiscard]] bool may_read(std::string_view username, std::string_view topic) noexcept;
[[nodiscard]] bool may_write(std::string_view username, std::string_view topic) noexcept;
// Taken away, whatever else is granted.
[[nodiscard]] bool is_withheld(std::string_view username, std::string_view topic) noexcept;

}  // namespace countersign::broker
