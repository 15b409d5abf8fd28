#include "core/mqtt/property.h"

#include <array>

#include "core/mqtt/topic.h"
#include "core/mqtt/utf8.h"

namespace countersign::mqtt {
namespace {

// How a value stands on the wire, and the range it must lie in.
enum class Kind : std::uint8_t {
    flag,  // a byte, 0 or 1
    u16,
    u16_positive,
    u32,
    u32_positive,
    varint_positive,
    binary,
    text,
    topic,  // text that is a topic name
    pair,   // two texts, as often as one likes
    none,
};

using Packets = std::uint16_t;

constexpr Packets in(PacketType type) noexcept {
    return static_cast<Packets>(1U << static_cast<unsigned>(type));
}

constexpr Packets kConnect = in(PacketType::connect);
constexpr Packets kConnack = in(PacketType::connack);
constexpr Packets kPublish = in(PacketType::publish);
constexpr Packets kMessage = kPublish | in(kWill);
constexpr Packets kSubscribe = in(PacketType::subscribe);
constexpr Packets kDisconnect = in(PacketType::disconnect);
constexpr Packets kAuth = in(PacketType::auth);
constexpr Packets kAnswers = in(PacketType::puback) | in(PacketType::pubrec) | in(PacketType::pubrel) |
                             in(PacketType::pubcomp) | in(PacketType::suback) | in(PacketType::unsuback);
constexpr Packets kAll = 0xFFFF;

struct Row {
    Property id;
    Kind kind;
    Packets to_send;   // by the caller's wish
    Packets received;  // from a server
};

// 5: table 2-4. The size is written out: where it is deduced, GCC 12 puts the table into RAM.
constexpr std::array<Row, 27> kTable{{
    Row{Property::payload_format_indicator, Kind::flag, kMessage, kPublish},
    Row{Property::message_expiry_interval, Kind::u32, kMessage, kPublish},
    Row{Property::content_type, Kind::text, kMessage, kPublish},
    Row{Property::response_topic, Kind::topic, kMessage, kPublish},
    Row{Property::correlation_data, Kind::binary, kMessage, kPublish},
    Row{Property::subscription_identifier, Kind::varint_positive, kSubscribe, kPublish},
    Row{Property::session_expiry_interval, Kind::u32, kDisconnect, kConnack},
    Row{Property::assigned_client_identifier, Kind::text, 0, kConnack},
    Row{Property::server_keep_alive, Kind::u16, 0, kConnack},
    Row{Property::authentication_method, Kind::text, 0, kConnack | kAuth},
    Row{Property::authentication_data, Kind::binary, 0, kConnack | kAuth},
    Row{Property::request_problem_information, Kind::flag, 0, 0},
    Row{Property::will_delay_interval, Kind::u32, in(kWill), 0},
    Row{Property::request_response_information, Kind::flag, kConnect, 0},
    Row{Property::response_information, Kind::text, 0, kConnack},
    Row{Property::server_reference, Kind::text, 0, kConnack | kDisconnect},
    Row{Property::reason_string, Kind::text, kDisconnect, kConnack | kAnswers | kDisconnect | kAuth},
    Row{Property::receive_maximum, Kind::u16_positive, 0, kConnack},
    Row{Property::topic_alias_maximum, Kind::u16, 0, kConnack},
    Row{Property::topic_alias, Kind::u16, 0, kPublish},
    Row{Property::maximum_qos, Kind::flag, 0, kConnack},
    Row{Property::retain_available, Kind::flag, 0, kConnack},
    Row{Property::user_property, Kind::pair, kAll, kAll},
    Row{Property::maximum_packet_size, Kind::u32_positive, 0, kConnack},
    Row{Property::wildcard_subscription_available, Kind::flag, 0, kConnack},
    Row{Property::subscription_identifier_available, Kind::flag, 0, kConnack},
    Row{Property::shared_subscription_available, Kind::flag, 0, kConnack},
}};
static_assert(kTable.size() <= 32, "check() marks each row in 32 bits");

std::size_t row_of(Property id) noexcept {
    std::size_t row = 0;
    while (row < kTable.size() && kTable[row].id != id) ++row;
    return row;
}

Kind kind_of(Property id) noexcept {
    const std::size_t row = row_of(id);
    return row < kTable.size() ? kTable[row].kind : Kind::none;
}

bool in_range(Kind kind, const PropertyValue& value) noexcept {
    switch (kind) {
        case Kind::flag: return value.number <= 1;
        case Kind::u16_positive:
        case Kind::u32_positive:
        case Kind::varint_positive: return value.number != 0;
        case Kind::topic: return is_valid_topic_name(value.text());  // [5: MQTT-3.3.2-14]
        default: return true;
    }
}

bool is_text(Kind kind, const PropertyValue& value) noexcept {
    if (kind != Kind::text && kind != Kind::topic && kind != Kind::pair) return true;
    return is_valid_utf8(value.text()) && is_valid_utf8(value.name);
}

bool is_sendable(Kind kind, const PropertyValue& value) noexcept {
    switch (kind) {
        case Kind::topic: return is_sendable_topic(value.text());
        case Kind::pair: return is_sendable_text(value.name) && is_sendable_text(value.text());
        case Kind::text: return is_sendable_text(value.text());
        default: return true;
    }
}

Fault check(Properties properties, PacketType packet, Packets Row::*place) noexcept {
    std::uint32_t seen = 0;
    PropertyReader reader(properties);
    for (PropertyValue value; reader.next(value);) {
        const std::size_t row = row_of(value.id);
        const Kind kind = kTable[row].kind;
        if (!is_text(kind, value)) return Fault::malformed_string;  // [5: MQTT-1.5.4-1], [5: MQTT-1.5.4-2]
        if ((kTable[row].*place & in(packet)) == 0 || !in_range(kind, value)) return Fault::bad_property;
        const std::uint32_t mark = std::uint32_t{1} << row;
        // A message that matches many subscriptions carries the identifiers of them all (5: 3.3.2.3.8).
        const bool many =
            kind == Kind::pair || (kind == Kind::varint_positive && packet == PacketType::publish);
        if ((seen & mark) != 0 && !many) return Fault::bad_property;
        seen |= mark;
    }
    return reader.at_end() ? Fault::none : Fault::malformed_properties;
}

}  // namespace

bool PropertyReader::next(PropertyValue& value) noexcept {
    if (reader_.at_end() || reader_.too_short()) return false;
    value = PropertyValue{};
    value.id = static_cast<Property>(reader_.byte());
    switch (kind_of(value.id)) {
        case Kind::flag: value.number = reader_.byte(); break;
        case Kind::u16:
        case Kind::u16_positive: value.number = reader_.u16(); break;
        case Kind::u32:
        case Kind::u32_positive: value.number = reader_.u32(); break;
        case Kind::varint_positive: value.number = reader_.varint(); break;
        case Kind::pair: value.name = reader_.string(); [[fallthrough]];
        case Kind::text:
        case Kind::topic:
        case Kind::binary: value.bytes = reader_.binary(); break;
        case Kind::none: reader_.spoil(); break;
    }
    return !reader_.too_short();
}

bool find_property(Properties properties, Property id, PropertyValue& value) noexcept {
    PropertyReader reader(properties);
    while (reader.next(value)) {
        if (value.id == id) return true;
    }
    return false;
}

Fault check_received(Properties properties, PacketType packet) noexcept {
    return check(properties, packet, &Row::received);
}

Status check_to_send(Properties properties, PacketType packet) noexcept {
    if (check(properties, packet, &Row::to_send) != Fault::none) return Status::bad_argument;
    PropertyReader reader(properties);
    for (PropertyValue value; reader.next(value);) {
        if (!is_sendable(kind_of(value.id), value)) return Status::bad_argument;
    }
    return Status::ok;
}

void write_number(Writer& writer, Property id, std::uint32_t value) noexcept {
    writer.byte(static_cast<std::uint8_t>(id));
    switch (kind_of(id)) {
        case Kind::flag: writer.byte(static_cast<std::uint8_t>(value)); break;
        case Kind::u16:
        case Kind::u16_positive: writer.u16(static_cast<std::uint16_t>(value)); break;
        case Kind::varint_positive: writer.varint(value); break;
        default: writer.u32(value); break;
    }
}

PropertyWriter& PropertyWriter::number(Property id, std::uint32_t value) noexcept {
    const Kind kind = kind_of(id);
    const std::uint32_t most = kind == Kind::flag                                ? 0xFF
                               : kind == Kind::u16 || kind == Kind::u16_positive ? 0xFFFF
                               : kind == Kind::u32 || kind == Kind::u32_positive ? 0xFFFFFFFF
                               : kind == Kind::varint_positive                   ? kMaxRemainingLength
                                                                                 : 0;
    broken_ |= most == 0 || value > most;
    write_number(writer_, id, value);
    return *this;
}

PropertyWriter& PropertyWriter::binary(Property id, Bytes value) noexcept {
    const Kind kind = kind_of(id);
    broken_ |= (kind != Kind::binary && kind != Kind::text && kind != Kind::topic) ||
               value.size() > kMaxStringLength;
    writer_.byte(static_cast<std::uint8_t>(id));
    writer_.binary(value);
    return *this;
}

PropertyWriter& PropertyWriter::text(Property id, std::string_view value) noexcept {
    return binary(id, {reinterpret_cast<const std::uint8_t*>(value.data()), value.size()});
}

PropertyWriter& PropertyWriter::user(std::string_view name, std::string_view value) noexcept {
    broken_ |= name.size() > kMaxStringLength || value.size() > kMaxStringLength;
    writer_.byte(static_cast<std::uint8_t>(Property::user_property));
    writer_.string(name);
    writer_.string(value);
    return *this;
}

}  // namespace countersign::mqtt
