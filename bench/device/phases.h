// What memory there is on a board phase by phase, on the RISC-V board with an ESP32-C3's.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

#include "bench/device/host.h"

namespace countersign::bench {

// {"python": {"connected": {"heap", "free", "largest", "least"}, …}, "native": …}: what memory.py says, of
// each firmware that is built.
[[nodiscard]] nlohmann::json weigh_phases(const std::filesystem::path& folder, const Host& host);

// The same as a table for people: Markdown, which is readable as it stands.
[[nodiscard]] std::string phases_table(const nlohmann::json& weighed);

}  // namespace countersign::bench
