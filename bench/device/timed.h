// How long connecting and publishing take, and what they put on the wire, on the virtual board.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

#include "bench/device/host.h"

namespace countersign::bench {

struct TimedOptions {
    int rounds = 5;
    int connects = 5;      // of each way in each round
    int messages = 5'000;  // likewise; a tenth of them where the package does it in Python
};

// {"connects": [{"way", "ms"}], "publish": [{"way", "qos", "together", "per_second"}],
// "wire": [{"way", "connect_bytes", "reconnect_bytes", "message_bytes"}]}. Medians of all rounds; the ways
// take turns, so that what else the machine does falls on all.
[[nodiscard]] nlohmann::json time_work(const std::filesystem::path& folder, const Host& host,
                                       const TimedOptions& options);

// Markdown.
[[nodiscard]] std::string connects_table(const nlohmann::json& timed);
[[nodiscard]] std::string publish_table(const nlohmann::json& timed);
[[nodiscard]] std::string wire_table(const nlohmann::json& timed);

}  // namespace countersign::bench
