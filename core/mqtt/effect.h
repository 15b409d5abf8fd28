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
        connected,  // session_present: the server kept our session; if false, subscribe (again)
        refused,    // reason: CONNACK said no; `close` follows
        message,    // message, duplicate: a message has arrived; its acknowledgement follows by itself
        oversize,   // message (topic cut to the receive buffer, no payload), size of the payload: too large a
                    // message has gone by; it is acknowledged, or the server would send it for ever
        published,  // packet_id: fully acknowledged
        subscribed,  // packet_id, bytes: one code per filter, the QoS granted (0, 1, 2) or 0x80 for a refusal
        unsubscribed,  // packet_id
        dropped,  // packet_id: no answer will come. A message sent to a server that has lost our session may
                  // or may not have been delivered; a subscription went down with its connection
        close,    // fault: close the transport; before the next connect() only `dropped` may still come
    };

    Kind kind{};
    Bytes bytes{};
    Message message{};
    std::size_t size = 0;
    std::uint16_t packet_id = 0;
    bool duplicate = false;
    bool session_present = false;
    ReasonCode reason = ReasonCode::success;
    Fault fault = Fault::none;
};

}  // namespace countersign::mqtt
