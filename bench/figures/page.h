// docs/performance.md: a template's prose with the figures of the last runs in it, and its charts.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>

namespace countersign::bench {

// Each `{{…}}` of the template by what was measured; either may be null. Throws when the template lacks one.
[[nodiscard]] std::string performance_page(std::string text, const nlohmann::json& client,
                                           const nlohmann::json& device);

// By file name: what the page shows as images.
[[nodiscard]] std::map<std::string, std::string> performance_charts(const nlohmann::json& client,
                                                                    const nlohmann::json& device);

}  // namespace countersign::bench
