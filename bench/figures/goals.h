// The goals, and what one run says to them.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace countersign::bench {

enum class Verdict : std::uint8_t { met, missed, not_measured };

struct Goal {
    std::string what, goal, measured;
    Verdict verdict = Verdict::not_measured;
};

// `client` and `device` are the figures of those benchmarks; null when they were not run.
[[nodiscard]] std::vector<Goal> judge(const nlohmann::json& client, const nlohmann::json& device);

}  // namespace countersign::bench
