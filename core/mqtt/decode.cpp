#include "core/mqtt/decode.h"

#include <array>

#include "core/mqtt/property.h"
#include "core/mqtt/reason.h"
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

// A server that does not know 5 says so in the words of 3.1.1: return code 1 and no properties (5: 3.1.2.2).
bool is_refusal_of_5(Bytes body) noexcept {
    return body.size() == 2 && body[0] == 0 && body[1] == 1;
}

bool is_suback_code(PacketType type, std::uint8_t code, Version version) noexcept {
    if (version == Version::v5) return is_reason_from_server(type, code);
    return code <= 2 || code == static_cast<std::uint8_t>(ReasonCode::unspecified_error);
}

// Their length and they themselves, checked for this packet.
Fault read_properties(Reader& reader, PacketType packet, Properties& properties) noexcept {
    properties.encoded = reader.raw(reader.varint());
    if (reader.too_short()) return Fault::malformed_properties;
    return check_received(properties, packet);
}

Fault read_reason(Reader& reader, PacketType packet, ReasonCode& reason) noexcept {
    const std::uint8_t code = reader.byte();
    reason = static_cast<ReasonCode>(code);
    return is_reason_from_server(packet, code) ? Fault::none : Fault::bad_return_code;
}

// Both may be left out from the end: no reason is success, no properties are none (5: 3.4.2.1, 3.14.2.1).
Fault read_optional_reason(Reader& reader, PacketType packet, ReasonCode& reason,
                           Properties& properties) noexcept {
    if (reader.at_end()) return Fault::none;
    if (const Fault fault = read_reason(reader, packet, reason); fault != Fault::none) return fault;
    if (reader.at_end()) return Fault::none;
    if (const Fault fault = read_properties(reader, packet, properties); fault != Fault::none) return fault;
    return reader.at_end() ? Fault::none : Fault::malformed_length;
}

}  // namespace

Fault decode_first_byte(std::uint8_t first, Version version, Header& header) noexcept {
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
        case PacketType::disconnect:
        case PacketType::auth:
            if (version == Version::v5) return header.flags == 0 ? Fault::none : Fault::reserved_flags;
            return header.type == PacketType::auth ? Fault::reserved_type : Fault::unexpected_packet;
        case PacketType::connect:
        case PacketType::subscribe:
        case PacketType::unsubscribe:
        case PacketType::pingreq: return Fault::unexpected_packet;
        default: return Fault::reserved_type;
    }
}

Fault check_length(const Header& header, Version version) noexcept {
    const bool v5 = version == Version::v5;
    bool possible = false;
    switch (header.type) {
        // a topic's length and its first character (5: or the properties' length), then the packet id
        case PacketType::publish:
            possible = header.length >= (qos_of(header.flags) == Qos::at_most_once ? 3 : 5);
            break;
        case PacketType::suback: possible = header.length >= (v5 ? 4 : 3); break;
        case PacketType::unsuback: possible = v5 ? header.length >= 4 : header.length == 2; break;
        case PacketType::pingresp: possible = header.length == 0; break;
        case PacketType::disconnect:
        case PacketType::auth: possible = true; break;
        default: possible = v5 ? header.length >= 2 : header.length == 2; break;
    }
    return possible ? Fault::none : Fault::malformed_length;
}

Fault decode_connack(Bytes body, bool clean_session, Version version, Connack& connack) noexcept {
    if (version == Version::v5 && is_refusal_of_5(body)) version = Version::v3_1_1;
    Reader reader(body);
    const std::uint8_t flags = reader.byte();
    if (flags > 1) return Fault::bad_session_present;  // bits 7 to 1 are reserved (3.2.2.1)
    connack.session_present = flags == 1;
    if (version == Version::v5) {
        Fault fault = read_reason(reader, PacketType::connack, connack.reason);
        if (fault == Fault::none) fault = read_properties(reader, PacketType::connack, connack.properties);
        if (fault != Fault::none) return fault;
    } else {
        const std::uint8_t code = reader.byte();
        if (code >= kConnectReasons.size()) return Fault::bad_return_code;
        connack.reason = kConnectReasons[code];
    }
    if (!reader.at_end()) return Fault::malformed_length;
    // [MQTT-3.2.2-1], [5: MQTT-3.2.2-2]: none after a clean session was asked for; [MQTT-3.2.2-4],
    // [5: MQTT-3.2.2-6]: none with a refusal
    const bool allowed = !clean_session && connack.reason == ReasonCode::success;
    return connack.session_present && !allowed ? Fault::bad_session_present : Fault::none;
}

Fault decode_publish(std::uint8_t flags, Bytes body, Version version, Publish& publish) noexcept {
    Reader reader(body);
    Message& message = publish.message;
    message.topic = reader.string();
    message.qos = qos_of(flags);
    message.retain = (flags & kRetain) != 0;
    publish.duplicate = (flags & kDuplicate) != 0;
    publish.packet_id = message.qos == Qos::at_most_once ? std::uint16_t{0} : reader.u16();
    if (reader.too_short()) return Fault::malformed_string;
    if (!is_valid_utf8(message.topic)) return Fault::malformed_string;
    if (message.topic.empty() ? version != Version::v5 : has_wildcard(message.topic)) return Fault::bad_topic;
    if (message.qos != Qos::at_most_once && publish.packet_id == 0) return Fault::zero_packet_id;
    if (version == Version::v5) {
        const Fault fault = read_properties(reader, PacketType::publish, message.properties);
        if (fault != Fault::none) return fault;
        PropertyValue value;
        publish.has_alias = find_property(message.properties, Property::topic_alias, value);
        publish.alias = static_cast<std::uint16_t>(value.number);
    }
    if (message.topic.empty() && !publish.has_alias) return Fault::bad_topic;  // 5: 3.3.2.1
    message.payload = reader.rest();
    return Fault::none;
}

Fault decode_acknowledgement(PacketType type, Bytes body, Version version,
                             Acknowledgement& acknowledgement) noexcept {
    Reader reader(body);
    acknowledgement.packet_id = reader.u16();
    if (reader.too_short()) return Fault::malformed_length;
    if (acknowledgement.packet_id == 0) return Fault::zero_packet_id;
    if (version == Version::v5)
        return read_optional_reason(reader, type, acknowledgement.reason, acknowledgement.properties);
    return reader.at_end() ? Fault::none : Fault::malformed_length;
}

Fault decode_suback(PacketType type, Bytes body, Version version, Suback& suback) noexcept {
    Reader reader(body);
    suback.packet_id = reader.u16();
    if (version == Version::v5) {
        const Fault fault = read_properties(reader, type, suback.properties);
        if (fault != Fault::none) return fault;
    }
    suback.codes = reader.rest();
    if (reader.too_short() || suback.codes.empty()) return Fault::malformed_length;
    if (suback.packet_id == 0) return Fault::zero_packet_id;
    for (const std::uint8_t code : suback.codes) {
        if (!is_suback_code(type, code, version)) return Fault::bad_return_code;
    }
    return Fault::none;
}

Fault decode_goodbye(PacketType type, Bytes body, Goodbye& goodbye) noexcept {
    Reader reader(body);
    return read_optional_reason(reader, type, goodbye.reason, goodbye.properties);
}

}  // namespace countersign::mqtt
