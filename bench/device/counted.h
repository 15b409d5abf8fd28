// What a device's work costs in instructions and memory, counted on the RISC-V board.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

#include "bench/device/host.h"

namespace countersign::bench {

// {"python": {"connect": {"instructions", "heap", "tls", "stack", …}, …}, "native": …}: what measure.py says,
// of each firmware that is built.
[[nodiscard]] nlohmann::json count_work(const std::filesystem::path& folder, const Host& host);

// The same as a table for people: Markdown, which is readable as it stands.
[[nodiscard]] std::string counted_table(const nlohmann::json& counted);

}  // namespace countersign::bench
