// What a server of MQTT 5 says about itself in CONNACK (5: 3.2.2.3); a client keeps to it before it sends.
#pragma once

#include <cstdint>

#include "core/mqtt/types.h"

namespace countersign::mqtt {

// The defaults are what stands when the server says nothing, as in 3.1.1.
struct Server {
    std::uint32_t maximum_packet_size = 0xFFFFFFFF;      // of a whole packet, in bytes [5: MQTT-3.2.2-15]
    std::uint16_t receive_maximum = kMaxReceiveMaximum;  // QoS 1 and 2 messages under way [5: MQTT-3.3.4-7]
    std::uint16_t topic_alias_maximum = 0;               // [5: MQTT-3.2.2-17], [5: MQTT-3.2.2-18]
    Qos maximum_qos = Qos::exactly_once;                 // of what we publish [5: MQTT-3.2.2-11]
    bool retain_available = true;                        // [5: MQTT-3.2.2-14]
    bool wildcards_available = true;                     // (5: 3.2.2.3.11)
    bool subscription_ids_available = true;              // (5: 3.2.2.3.12)
    bool shared_available = true;                        // (5: 3.2.2.3.13)
    bool sets_keep_alive = false;                        // to the following, instead of ours
    std::uint16_t keep_alive_seconds = 0;                // [5: MQTT-3.2.2-21]
    bool authenticates = false;                          // which we never ask for (5: 4.12)
};

// From properties that have been checked.
[[nodiscard]] Server server_of(Properties connack) noexcept;

}  // namespace countersign::mqtt
