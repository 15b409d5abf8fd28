// Which reason codes which packet may carry, and which one tells the server why we close.
#pragma once

#include <cstdint>

#include "core/mqtt/types.h"

namespace countersign::mqtt {

// A code that a server may put into this packet (5: 2.4 and the tables of chapter 3) [5: MQTT-3.2.2-8].
[[nodiscard]] bool is_reason_from_server(PacketType type, std::uint8_t code) noexcept;
// A code that we may put into DISCONNECT (5: table 3-10).
[[nodiscard]] bool is_reason_to_disconnect(ReasonCode reason) noexcept;

// A server that says this in DISCONNECT may mean a message we have sent (5: table 3-13).
[[nodiscard]] bool is_about_a_message(ReasonCode reason) noexcept;

// What DISCONNECT says when the session gives up a connection (5: 4.13.1); `success`: none is sent.
[[nodiscard]] ReasonCode reason_of(Fault fault) noexcept;

}  // namespace countersign::mqtt
