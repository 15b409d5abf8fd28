// device.py on a board.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bench/authentication/deployment.h"
#include "bench/support/board.h"

namespace countersign::bench {

enum class Tls : std::uint8_t { firmware, native };  // the firmware's own `tls`, or `_countersign`

struct Visit {
    Method method = Method::clear;
    Tls tls = Tls::firmware;
    bool verify = true;   // the firmware's `tls`: check who the broker is
    bool resume = false;  // native: from the second connection on
    std::string payload;  // to be published after CONNACK
    int connections = 1;
};

// What device.py says about each connection.
[[nodiscard]] std::vector<nlohmann::json> pay(Board& board, const Visit& visit, std::uint16_t port,
                                              const Secrets& secrets);

// Where a device of this kind publishes.
[[nodiscard]] std::string topic_of(const Secrets& secrets);

}  // namespace countersign::bench
