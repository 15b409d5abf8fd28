// Topic names (what a message is published to) and topic filters (what is subscribed to).
#pragma once

#include <cstddef>
#include <string_view>

namespace countersign::mqtt {

inline constexpr std::size_t kMaxStringLength = 65535;  // a two-byte length stands before it (1.5.3)

// 1 to 65535 bytes of valid UTF-8 [MQTT-4.7.3-1..3] without '+' and '#' [MQTT-3.3.2-2].
[[nodiscard]] bool is_valid_topic_name(std::string_view topic) noexcept;

// As above, but '+' may fill a level [MQTT-4.7.1-3] and '#' may be the last one [MQTT-4.7.1-2].
[[nodiscard]] bool is_valid_topic_filter(std::string_view filter) noexcept;

// What we send besides: nothing that a broker may hang up on, for it would be sent again after each connect.
// Text by is_sendable_text(), and no more levels than Mosquitto takes.
inline constexpr std::size_t kMaxLevels = 200;  // Mosquitto's TOPIC_HIERARCHY_LIMIT
[[nodiscard]] bool is_sendable_topic(std::string_view topic) noexcept;
[[nodiscard]] bool is_sendable_filter(std::string_view filter) noexcept;

[[nodiscard]] bool has_wildcard(std::string_view filter) noexcept;

// "$share/group/filter" (5: 4.8.2): the group has at least one character and no wildcard [5: MQTT-4.8.2-1],
// [5: MQTT-4.8.2-2], and a filter follows it.
[[nodiscard]] bool is_shared(std::string_view filter) noexcept;
[[nodiscard]] bool is_valid_shared_filter(std::string_view filter) noexcept;

// Both valid. Wildcards at the front do not match topics that begin with '$' [MQTT-4.7.2-1].
[[nodiscard]] bool topic_matches(std::string_view filter, std::string_view topic) noexcept;

}  // namespace countersign::mqtt
