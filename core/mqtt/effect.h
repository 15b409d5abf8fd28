// What a session wants done, or has to tell.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/mqtt/types.h"

namespace countersign::mqtt {

// The fields named beside each kind are set, the others are not. Views live until the next call of
// Session::next().
struct Effect {
    enum class Kind : std::uint8_t {
        send,       // bytes: write them to the transport, all of them, in this order
        connected,  // session_present: the server kept our session; if false, subscribe (again). properties:
                    // a client identifier, if we had none; a session expiry interval, if not as we asked
        refused,    // reason, properties: CONNACK said no; `close` follows
        message,    // message, duplicate: a message has arrived; its acknowledgement follows by itself
        oversize,   // message (topic cut to the receive buffer, no payload), size of the payload: too large a
                    // message has gone by; it is acknowledged, or the server would send it for ever. 3.1.1
                    // only
        published,  // packet_id, reason, properties: fully acknowledged
        subscribed,    // packet_id, properties, bytes: one code per filter, the QoS granted (0, 1, 2) or a
                       // refusal: 0x80, in 5 any reason code from there on
        unsubscribed,  // packet_id, properties; in 5 bytes: one reason code per filter
        dropped,       // packet_id, drop: no answer will come. A message sent to a server that has lost our
                  // session may or may not have been delivered; a subscription went down with its connection
        close,  // fault: close the transport; before the next connect() only `dropped` may still come
        // 5 only:
        rejected,      // packet_id, reason, properties: the server has refused the message; it is forgotten
        disconnected,  // reason, properties: the server says goodbye and why; `close` follows
    };

    Kind kind{};
    Bytes bytes{};
    Message message{};
    Properties properties{};
    std::size_t size = 0;
    std::uint16_t packet_id = 0;
    bool duplicate = false;
    bool session_present = false;
    ReasonCode reason = ReasonCode::success;
    Fault fault = Fault::none;
    Drop drop = Drop::none;
};

}  // namespace countersign::mqtt
