// What a server sends: the bodies of whole packets, checked in full. The views point into the body.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/mqtt/types.h"

namespace countersign::mqtt {

struct Header {
    PacketType type{};
    std::uint8_t flags = 0;    // the low four bits of the first byte
    std::uint32_t length = 0;  // of the body: the remaining length (2.2.3)
};

struct Connack {
    bool session_present = false;
    ReasonCode reason = ReasonCode::success;
    Properties properties{};
};

struct Publish {
    Message message{};            // 5: without a topic when only `alias` names it
    std::uint16_t packet_id = 0;  // 0 for QoS 0
    bool duplicate = false;
    bool has_alias = false;
    std::uint16_t alias = 0;  // as sent: not checked
};

// PUBACK, PUBREC, PUBREL, PUBCOMP; UNSUBACK of 3.1.1.
struct Acknowledgement {
    std::uint16_t packet_id = 0;
    ReasonCode reason = ReasonCode::success;
    Properties properties{};
};

// SUBACK; UNSUBACK of 5.
struct Suback {
    std::uint16_t packet_id = 0;
    Bytes codes{};  // 3.1.1: each 0, 1, 2 (the QoS granted) or 0x80 [MQTT-3.9.3-2]; 5: reason codes
    Properties properties{};
};

// DISCONNECT, AUTH.
struct Goodbye {
    ReasonCode reason = ReasonCode::success;
    Properties properties{};
};

// The first byte: a type servers send, with the flags it must have [MQTT-2.2.2-2].
[[nodiscard]] Fault decode_first_byte(std::uint8_t first, Version version, Header& header) noexcept;
// The remaining length, once it is known, against what the type can have: long before the body is there.
[[nodiscard]] Fault check_length(const Header& header, Version version) noexcept;

// `clean_session` is what CONNECT asked for [MQTT-3.2.2-1], [5: MQTT-3.2.2-2].
[[nodiscard]] Fault decode_connack(Bytes body, bool clean_session, Version version,
                                   Connack& connack) noexcept;
[[nodiscard]] Fault decode_publish(std::uint8_t flags, Bytes body, Version version,
                                   Publish& publish) noexcept;
[[nodiscard]] Fault decode_acknowledgement(PacketType type, Bytes body, Version version,
                                           Acknowledgement& acknowledgement) noexcept;
[[nodiscard]] Fault decode_suback(PacketType type, Bytes body, Version version, Suback& suback) noexcept;
[[nodiscard]] Fault decode_goodbye(PacketType type, Bytes body, Goodbye& goodbye) noexcept;

[[nodiscard]] constexpr Qos qos_of(std::uint8_t publish_flags) noexcept {
    return static_cast<Qos>(publish_flags >> 1 & 0x03);
}

}  // namespace countersign::mqtt
