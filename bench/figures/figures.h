// Where the benchmarks leave their figures for the page of them: build/bench-figures/NAME.json.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace countersign::bench {

[[nodiscard]] std::filesystem::path figures_file(const std::string& bench);
void write_figures(const std::filesystem::path& file, const nlohmann::json& figures);
// None when that benchmark has not been run here.
[[nodiscard]] std::optional<nlohmann::json> read_figures(const std::string& bench);

}  // namespace countersign::bench
