// What MQTT 5 lets messages and CONNECT carry, as core/mqtt wants it: encoded.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "core/mqtt/property.h"
#include "host/transport/options.h"

namespace countersign::transport {

// Of a message we publish; nothing of it may be given in MQTT 3.1.1. Those of a message that arrives are read
// with mqtt::PropertyReader.
struct MessageProperties {
    std::optional<std::chrono::seconds> expires_after{};  // then nobody gets it any more
    std::string content_type{};
    std::string response_topic{};  // where an answer is awaited
    std::string correlation_data{};
    UserProperties user{};
};

// Throw Error{Usage} for what no property can hold.
[[nodiscard]] std::string encoded(const MessageProperties& properties);
[[nodiscard]] std::string encoded(const UserProperties& properties);

// A view of what encoded() gave.
[[nodiscard]] mqtt::Properties as_properties(const std::string& encoded);

}  // namespace countersign::transport
