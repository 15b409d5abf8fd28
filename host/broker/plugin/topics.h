// What a birth identity may touch: its own renewal, and nothing else.
//
// Mosquitto's access list cannot say it: a pattern is for every user name, "devices/%u/#" for "birth~NAME"
// too. So this only takes away; what it leaves is the access list's to grant.
#pragma once

#include <string_view>

namespace countersign::broker::plugin {

// `topic` is a topic, or the filter of a subscription. True for every other role.
[[nodiscard]] bool within_role(std::string_view username, std::string_view topic) noexcept;

}  // namespace countersign::broker::plugin
