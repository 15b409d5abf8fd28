// What Mosquitto keeps over a restart (data/mosquitto.db): retained messages, messages for absent clients,
// and the sessions of these. Mosquitto does not start with a file that it cannot read.
#pragma once

#include <filesystem>
#include <string>

#include "host/base/clock.h"

namespace countersign::broker {

inline constexpr const char* kSavedState = "mosquitto.db";

// What is wrong with the file, as far as its beginning shows; "" when nothing is, and when there is none.
[[nodiscard]] std::string saved_state_fault(const std::filesystem::path& data);

// The same for the whole file, section by section.
[[nodiscard]] std::string saved_state_damage(const std::filesystem::path& data);

// Renames it to mosquitto.db.broken-<time>. Returns its new path; "" when there was none.
std::filesystem::path move_saved_state_aside(const std::filesystem::path& data, Seconds now);

}  // namespace countersign::broker
