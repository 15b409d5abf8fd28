// The topics every device has: what stands below "devices/NAME/" is that device's own.
#pragma once

#include <string_view>

namespace countersign {

inline constexpr std::string_view kDevicesTopic = "devices/";

// The NAME of "devices/NAME/…", or "" when the topic is no device's (or not of a valid name).
[[nodiscard]] std::string_view device_of_topic(std::string_view topic) noexcept;

// What comes after "devices/NAME/", never empty for a device's topic: "cmd/led". "" when it is no device's.
[[nodiscard]] std::string_view device_subtopic(std::string_view topic) noexcept;

}  // namespace countersign
