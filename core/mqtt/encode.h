// What a client sends. Every function returns the size of the packet; it has been written only when that fits
// in `out`. kTooLong: no MQTT packet can hold it. Arguments are those that the `valid_…` functions accept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/mqtt/types.h"

namespace countersign::mqtt {

inline constexpr std::size_t kTooLong = ~std::size_t{0};
inline constexpr std::uint8_t kDupFlag = 0x08;  // in the first byte of PUBLISH (3.3.1.1)

// Client id [MQTT-3.1.3-4..8], will (3.1.2.5), user name and password [MQTT-3.1.2-22].
[[nodiscard]] Status valid_connect(const ConnectOptions& options) noexcept;
[[nodiscard]] Status valid_message(const Message& message) noexcept;

// DUP is never set here: it is a flag on a packet that is sent again.
std::size_t encode_connect(const ConnectOptions& options, std::span<std::uint8_t> out) noexcept;
std::size_t encode_publish(const Message& message, std::uint16_t packet_id,
                           std::span<std::uint8_t> out) noexcept;
std::size_t encode_subscribe(std::uint16_t packet_id, std::span<const Subscription> subscriptions,
                             std::span<std::uint8_t> out) noexcept;
std::size_t encode_unsubscribe(std::uint16_t packet_id, std::span<const std::string_view> filters,
                               std::span<std::uint8_t> out) noexcept;
// PUBACK, PUBREC, PUBREL, PUBCOMP.
std::size_t encode_acknowledgement(PacketType type, std::uint16_t packet_id,
                                   std::span<std::uint8_t> out) noexcept;
// PINGREQ, DISCONNECT.
std::size_t encode_empty(PacketType type, std::span<std::uint8_t> out) noexcept;

}  // namespace countersign::mqtt
