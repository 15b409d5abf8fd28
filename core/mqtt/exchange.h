// What a packet id of ours stands for, and what the server's answers make of it: pure functions.
#pragma once

#include <cstdint>

#include "core/mqtt/types.h"

namespace countersign::mqtt {

// What we wait for, once the packet has been sent.
enum class Exchange : std::uint8_t {
    awaiting_puback,    // PUBLISH, QoS 1
    awaiting_pubrec,    // PUBLISH, QoS 2
    awaiting_pubcomp,   // PUBREL: the message itself is the server's now
    awaiting_suback,    // SUBSCRIBE
    awaiting_unsuback,  // UNSUBSCRIBE
};

enum class Outcome : std::uint8_t {
    complete,      // the packet id is free again
    send_pubrel,   // the exchange goes on as Step::next
    out_of_order,  // not an answer to what was asked
};

struct Step {
    Exchange next;
    Outcome outcome;
};

// The server acknowledges an exchange of ours. `refused`: with a reason code of 0x80 or more (5).
[[nodiscard]] constexpr Step after_acknowledgement(Exchange exchange, PacketType answer,
                                                   bool refused = false) noexcept {
    switch (answer) {
        case PacketType::puback:
            if (exchange == Exchange::awaiting_puback) return {exchange, Outcome::complete};
            break;
        case PacketType::pubrec:
            if (refused) {
                // The message is not the server's, and the packet id is free [5: MQTT-4.3.3-4].
                if (exchange == Exchange::awaiting_pubrec) return {exchange, Outcome::complete};
                break;
            }
            // Twice is legal: a server that repeats its PUBREC by timer, as MQTT 3.1 let it, does so once
            // more when our PUBREL is slow to arrive or went down with the old connection.
            if (exchange == Exchange::awaiting_pubrec || exchange == Exchange::awaiting_pubcomp) {
                return {Exchange::awaiting_pubcomp, Outcome::send_pubrel};
            }
            break;
        case PacketType::pubcomp:
            if (exchange == Exchange::awaiting_pubcomp) return {exchange, Outcome::complete};
            break;
        case PacketType::suback:
            if (exchange == Exchange::awaiting_suback) return {exchange, Outcome::complete};
            break;
        case PacketType::unsuback:
            if (exchange == Exchange::awaiting_unsuback) return {exchange, Outcome::complete};
            break;
        default: break;
    }
    return {exchange, Outcome::out_of_order};
}

enum class Resumption : std::uint8_t {
    send_first,  // it has never been sent: the loss of the session does not touch it
    send_again,  // PUBLISH with DUP [MQTT-3.3.1-1], or PUBREL, under its old packet id [MQTT-4.4.0-1]
    drop,        // nobody will answer it any more
};

// A connection is there. `sent`: the exchange's packet went out on an earlier one.
[[nodiscard]] constexpr Resumption after_connect(Exchange exchange, bool sent,
                                                 bool session_present) noexcept {
    if (exchange == Exchange::awaiting_suback || exchange == Exchange::awaiting_unsuback) {
        return sent ? Resumption::drop : Resumption::send_first;  // not part of a session's state (3.1.2.4)
    }
    if (!sent) return Resumption::send_first;
    return session_present ? Resumption::send_again : Resumption::drop;  // [MQTT-3.1.2-6]
}

}  // namespace countersign::mqtt
