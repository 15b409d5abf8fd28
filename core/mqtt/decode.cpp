#include "core/mqtt/decode.h"

#include <array>

#include "core/mqtt/topic.h"
#include "core/mqtt/utf8.h"
#include "core/mqtt/wire.h"

namespace countersign::mqtt {
namespace {

constexpr std::uint8_t kDuplicate = 0x08;
constexpr std::uint8_t kRetain = 0x01;
constexpr std::uint8_t kPubrelFlags = 0x02;

Fault check_publish_flags(std::uint8_t flags) noexcept {
    const Qos qos = qos_of(flags);
    if (qos > Qos::exactly_once) return Fault::bad_qos;                                // [MQTT-3.3.1-4]
    if (qos == Qos::at_most_once && (flags & kDuplicate) != 0) return Fault::bad_qos;  // [MQTT-3.3.1-2]
    return Fault::none;
}

// 3.1.1's return codes 0 to 5 (table 3.1); all others are reserved.
constexpr std::array kConnectReasons{
    ReasonCode::success,
    ReasonCode::unsupported_protocol_version,
    ReasonCode::client_identifier_not_valid,
    ReasonCode::server_unavailable,
    ReasonCode::bad_user_name_or_password,
    ReasonCode::not_authorized,
};

bool is_suback_code(std::uint8_t code) noexcept {
    return code <= 2 || code == static_cast<std::uint8_t>(ReasonCode::unspecified_error);
}

}  // namespace

Fault decode_first_byte(std::uint8_t first, Header& header) noexcept {
    header.type = static_cast<PacketType>(first >> 4);
    header.flags = first & 0x0F;
    switch (header.type) {
        case PacketType::publish: return check_publish_flags(header.flags);
        case PacketType::pubrel: return header.flags == kPubrelFlags ? Fault::none : Fault::reserved_flags;
        case PacketType::connack:
        case PacketType::puback:
        case PacketType::pubrec:
        case PacketType::pubcomp:
        case PacketType::suback:
        case PacketType::unsuback:
        case PacketType::pingresp: return header.flags == 0 ? Fault::none : Fault::reserved_flags;
        case PacketType::connect:
        case PacketType::subscribe:
        case PacketType::unsubscribe:
        case PacketType::pingreq:
        case PacketType::disconnect: return Fault::unexpected_packet;
        default: return Fault::reserved_type;
    }
}

Fault check_length(const Header& header) noexcept {
    bool possible = false;
    switch (header.type) {
        // a topic's length and its first character, then the packet id
        case PacketType::publish:
            possible = header.length >= (qos_of(header.flags) == Qos::at_most_once ? 3 : 5);
            break;
        case PacketType::suback: possible = header.length >= 3; break;
        case PacketType::pingresp: possible = header.length == 0; break;
        default: possible = header.length == 2; break;
    }
    return possible ? Fault::none : Fault::malformed_length;
}

Fault decode_connack(Bytes body, bool clean_session, Connack& connack) noexcept {
    Reader reader(body);
    const std::uint8_t flags = reader.byte();
    const std::uint8_t code = reader.byte();
    if (!reader.at_end()) return Fault::malformed_length;
    if (flags > 1) return Fault::bad_session_present;  // bits 7 to 1 are reserved (3.2.2.1)
    if (code >= kConnectReasons.size()) return Fault::bad_return_code;
    connack.session_present = flags == 1;
    connack.reason = kConnectReasons[code];
    // [MQTT-3.2.2-1]: none after a clean session was asked for; [MQTT-3.2.2-4]: none with a refusal
    const bool allowed = !clean_session && connack.reason == ReasonCode::success;
    return connack.session_present && !allowed ? Fault::bad_session_present : Fault::none;
}

Fault decode_publish(std::uint8_t flags, Bytes body, Publish& publish) noexcept {
    Reader reader(body);
    publish.message.topic = reader.string();
    publish.message.qos = qos_of(flags);
    publish.message.retain = (flags & kRetain) != 0;
    publish.duplicate = (flags & kDuplicate) != 0;
    publish.packet_id = publish.message.qos == Qos::at_most_once ? std::uint16_t{0} : reader.u16();
    if (reader.too_short()) return Fault::malformed_string;
    if (!is_valid_utf8(publish.message.topic)) return Fault::malformed_string;
    if (!is_valid_topic_name(publish.message.topic)) return Fault::bad_topic;
    if (publish.message.qos != Qos::at_most_once && publish.packet_id == 0) return Fault::zero_packet_id;
    publish.message.payload = reader.rest();
    return Fault::none;
}

Fault decode_packet_id(Bytes body, std::uint16_t& packet_id) noexcept {
    Reader reader(body);
    packet_id = reader.u16();
    if (!reader.at_end()) return Fault::malformed_length;
    return packet_id == 0 ? Fault::zero_packet_id : Fault::none;
}

Fault decode_suback(Bytes body, Suback& suback) noexcept {
    Reader reader(body);
    suback.packet_id = reader.u16();
    suback.codes = reader.rest();
    if (reader.too_short() || suback.codes.empty()) return Fault::malformed_length;
    if (suback.packet_id == 0) return Fault::zero_packet_id;
    for (const std::uint8_t code : suback.codes) {
        if (!is_suback_code(code)) return Fault::bad_return_code;
    }
    return Fault::none;
}

}  // namespace countersign::mqtt
