// Names: what identifies a device for its whole life, in its certificate, its topics and its files.
#pragma once

#include <cstddef>
#include <string_view>

namespace countersign {

// X.520 ub-common-name is 64; MQTT topics, file names and log lines are safe with this alphabet.
inline constexpr std::size_t kMaxNameLength = 64;

// [A-Za-z0-9._-]{1,64}, no leading dot.
[[nodiscard]] bool is_valid_name(std::string_view name) noexcept;

// Names Countersign uses itself ("operator", "responder", "broker", …), compared without case.
[[nodiscard]] bool is_reserved_name(std::string_view name) noexcept;

}  // namespace countersign
