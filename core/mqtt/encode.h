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
inline constexpr std::uint8_t kDupFlag = 0x08;     // in the first byte of PUBLISH (3.3.1.1)
inline constexpr std::uint8_t kRetainFlag = 0x01;  // (3.3.1.3)

// Client id [MQTT-3.1.3-4..8], will (3.1.2.5), user name and password [MQTT-3.1.2-22].
[[nodiscard]] Status valid_connect(const ConnectOptions& options) noexcept;
[[nodiscard]] Status valid_message(const Message& message, Version version = Version::v3_1_1) noexcept;
// 3.1.1 has none.
[[nodiscard]] Status valid_properties(Properties properties, PacketType packet, Version version) noexcept;
// Filter, options and, in 5, what shared subscriptions must be like (5: 4.8.2).
[[nodiscard]] Status valid_subscription(const Subscription& subscription, Version version) noexcept;

// A topic that goes as a number (5: 3.3.2.3.4). 0: it does not.
struct TopicAlias {
    std::uint16_t alias = 0;
    bool introduced = false;  // the server knows it already: the topic itself stays away
};

// DUP is never set here: it is a flag on a packet that is sent again.
std::size_t encode_connect(const ConnectOptions& options, std::span<std::uint8_t> out) noexcept;
std::size_t encode_publish(const Message& message, std::uint16_t packet_id, std::span<std::uint8_t> out,
                           Version version = Version::v3_1_1, TopicAlias alias = {}) noexcept;
std::size_t encode_subscribe(std::uint16_t packet_id, std::span<const Subscription> subscriptions,
                             std::span<std::uint8_t> out, Version version = Version::v3_1_1,
                             Properties properties = {}) noexcept;
std::size_t encode_unsubscribe(std::uint16_t packet_id, std::span<const std::string_view> filters,
                               std::span<std::uint8_t> out, Version version = Version::v3_1_1,
                               Properties properties = {}) noexcept;
// PUBACK, PUBREC, PUBREL, PUBCOMP. A reason other than success is only for 5.
std::size_t encode_acknowledgement(PacketType type, std::uint16_t packet_id, std::span<std::uint8_t> out,
                                   ReasonCode reason = ReasonCode::success) noexcept;
// PINGREQ, DISCONNECT of 3.1.1.
std::size_t encode_empty(PacketType type, std::span<std::uint8_t> out) noexcept;
// DISCONNECT of 5; the same two bytes when there is nothing to say.
std::size_t encode_disconnect(ReasonCode reason, Properties properties, std::span<std::uint8_t> out) noexcept;

// A PUBLISH of 5 that has waited: takes the time off its message expiry interval. False: it has expired.
[[nodiscard]] bool shorten_expiry(std::span<std::uint8_t> publish, std::uint32_t waited_seconds) noexcept;

}  // namespace countersign::mqtt
