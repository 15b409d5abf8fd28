// What the running broker did with an act of the registry: asked of the plugin inside it, over MQTT.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/error.h"
#include "host/registry/records.h"
#include "host/transport/options.h"

namespace countersign::cli {

struct EndedSession {
    std::string fingerprint;  // hex
    std::int64_t at_ms = 0;   // since 1970, by the broker's clock, which is this computer's
    std::string client_id;
};

// The plugin's answer (host/broker/plugin/answer.h).
struct BrokerAnswer {
    std::uint64_t generation = 0, bytes = 0;  // how far the admission file has been read and acted upon
    std::vector<std::string> live;            // fingerprints of the sessions of the name, hex
    std::vector<EndedSession> ended;          // the last ones of the name
    transport::Address from{};                // the broker it came from
};

// nullopt when the text is no answer about this name.
[[nodiscard]] std::optional<BrokerAnswer> parse_answer(std::string_view text, std::string_view name);

// Connects (which wakes the broker's loop) and asks again and again until the broker has acted upon this
// publication, or until `deadline`: then its last answer is returned. Throws what a connection throws, and
// Error{BrokerProtocol} when the broker gives no answer at all: its plugin is another one.
[[nodiscard]] BrokerAnswer ask_broker(transport::Options options, const std::string& name,
                                      const registry::Publication& publication,
                                      std::chrono::milliseconds deadline);

}  // namespace countersign::cli
