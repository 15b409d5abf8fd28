#include "core/mqtt/encode.h"

#include "core/mqtt/property.h"
#include "core/mqtt/wire.h"

namespace countersign::mqtt {
namespace {

constexpr std::uint8_t first_byte(PacketType type, unsigned flags) noexcept {
    return static_cast<std::uint8_t>(static_cast<unsigned>(type) << 4 | flags);
}

// PUBREL, SUBSCRIBE and UNSUBSCRIBE carry flags 0010 for reasons of history (2.2.2).
constexpr unsigned fixed_flags(PacketType type) noexcept {
    const bool two =
        type == PacketType::pubrel || type == PacketType::subscribe || type == PacketType::unsubscribe;
    return two ? 0x02 : 0x00;
}

template <typename Body>
std::size_t encode(std::uint8_t first, std::span<std::uint8_t> out, Body write_body) noexcept {
    Writer measure;
    write_body(measure);
    if (measure.size() > kMaxRemainingLength) return kTooLong;
    Writer writer(out);
    writer.byte(first);
    writer.varint(measure.size());
    const std::size_t total = writer.size() + measure.size();
    if (total <= out.size()) write_body(writer);
    return total;
}

unsigned connect_flags(const ConnectOptions& options) noexcept {
    unsigned flags = 0;
    if (options.clean_session) flags |= 0x02;
    if (options.will != nullptr) {
        flags |= 0x04;
        flags |= static_cast<unsigned>(options.will->qos) << 3;
        if (options.will->retain) flags |= 0x20;
    }
    if (options.has_password) flags |= 0x40;
    if (options.has_user_name) flags |= 0x80;
    return flags;
}

void write_properties(Writer& writer, Version version, Properties properties) noexcept {
    if (version != Version::v5) return;
    writer.varint(properties.encoded.size());
    writer.raw(properties.encoded);
}

// Whatever is as the standard has it anyway is not said.
void write_own_properties(Writer& writer, const ConnectOptions& options) noexcept {
    if (options.session_expiry_seconds != 0)
        write_number(writer, Property::session_expiry_interval, options.session_expiry_seconds);
    if (options.receive_maximum != kMaxReceiveMaximum)
        write_number(writer, Property::receive_maximum, options.receive_maximum);
    if (options.maximum_packet_size != 0)
        write_number(writer, Property::maximum_packet_size, options.maximum_packet_size);
    if (options.topic_alias_maximum != 0)
        write_number(writer, Property::topic_alias_maximum, options.topic_alias_maximum);
    if (!options.request_problem_information) write_number(writer, Property::request_problem_information, 0);
}

void write_connect_properties(Writer& writer, const ConnectOptions& options) noexcept {
    if (options.version != Version::v5) return;
    Writer measure;
    write_own_properties(measure, options);
    writer.varint(measure.size() + options.properties.encoded.size());
    write_own_properties(writer, options);
    writer.raw(options.properties.encoded);
}

std::uint8_t subscription_options(const Subscription& subscription) noexcept {
    unsigned options = static_cast<unsigned>(subscription.qos);
    if (subscription.no_local) options |= 0x04;
    if (subscription.retain_as_published) options |= 0x08;
    options |= static_cast<unsigned>(subscription.retain_handling) << 4;
    return static_cast<std::uint8_t>(options);
}

}  // namespace

std::size_t encode_connect(const ConnectOptions& options, std::span<std::uint8_t> out) noexcept {
    return encode(first_byte(PacketType::connect, 0), out, [&](Writer& writer) {
        writer.string("MQTT");
        writer.byte(static_cast<std::uint8_t>(options.version));
        writer.byte(static_cast<std::uint8_t>(connect_flags(options)));
        writer.u16(options.keep_alive_seconds);
        write_connect_properties(writer, options);
        writer.string(options.client_id);
        if (options.will != nullptr) {
            write_properties(writer, options.version, options.will->properties);
            writer.string(options.will->topic);
            writer.binary(options.will->payload);
        }
        if (options.has_user_name) writer.string(options.user_name);
        if (options.has_password) writer.binary(options.password);
    });
}

std::size_t encode_publish(const Message& message, std::uint16_t packet_id, std::span<std::uint8_t> out,
                           Version version, TopicAlias alias) noexcept {
    const unsigned flags = static_cast<unsigned>(message.qos) << 1 | (message.retain ? kRetainFlag : 0U);
    return encode(first_byte(PacketType::publish, flags), out, [&](Writer& writer) {
        writer.string(alias.introduced ? std::string_view{} : message.topic);
        if (message.qos != Qos::at_most_once) writer.u16(packet_id);
        if (alias.alias == 0) {
            write_properties(writer, version, message.properties);
        } else {
            constexpr std::size_t kAliasBytes = 3;
            writer.varint(message.properties.encoded.size() + kAliasBytes);
            write_number(writer, Property::topic_alias, alias.alias);
            writer.raw(message.properties.encoded);
        }
        writer.raw(message.payload);
    });
}

std::size_t encode_subscribe(std::uint16_t packet_id, std::span<const Subscription> subscriptions,
                             std::span<std::uint8_t> out, Version version, Properties properties) noexcept {
    const std::uint8_t first = first_byte(PacketType::subscribe, fixed_flags(PacketType::subscribe));
    return encode(first, out, [&](Writer& writer) {
        writer.u16(packet_id);
        write_properties(writer, version, properties);
        for (const Subscription& subscription : subscriptions) {
            writer.string(subscription.filter);
            writer.byte(subscription_options(subscription));
        }
    });
}

std::size_t encode_unsubscribe(std::uint16_t packet_id, std::span<const std::string_view> filters,
                               std::span<std::uint8_t> out, Version version, Properties properties) noexcept {
    const std::uint8_t first = first_byte(PacketType::unsubscribe, fixed_flags(PacketType::unsubscribe));
    return encode(first, out, [&](Writer& writer) {
        writer.u16(packet_id);
        write_properties(writer, version, properties);
        for (const std::string_view filter : filters) writer.string(filter);
    });
}

std::size_t encode_acknowledgement(PacketType type, std::uint16_t packet_id, std::span<std::uint8_t> out,
                                   ReasonCode reason) noexcept {
    return encode(first_byte(type, fixed_flags(type)), out, [&](Writer& writer) {
        writer.u16(packet_id);
        if (reason != ReasonCode::success) writer.byte(static_cast<std::uint8_t>(reason));
    });
}

std::size_t encode_empty(PacketType type, std::span<std::uint8_t> out) noexcept {
    return encode(first_byte(type, 0), out, [](Writer&) {});
}

std::size_t encode_disconnect(ReasonCode reason, Properties properties,
                              std::span<std::uint8_t> out) noexcept {
    return encode(first_byte(PacketType::disconnect, 0), out, [&](Writer& writer) {
        if (reason == ReasonCode::success && properties.encoded.empty()) return;
        writer.byte(static_cast<std::uint8_t>(reason));
        if (!properties.encoded.empty()) write_properties(writer, Version::v5, properties);
    });
}

bool shorten_expiry(std::span<std::uint8_t> publish, std::uint32_t waited_seconds) noexcept {
    if (waited_seconds == 0) return true;  // also with an interval of 0: now or never
    Reader reader(publish);
    const auto qos = static_cast<Qos>(reader.byte() >> 1 & 0x03);
    (void)reader.varint();  // remaining length
    (void)reader.string();  // topic
    if (qos != Qos::at_most_once) (void)reader.u16();
    const Bytes encoded = reader.raw(reader.varint());
    PropertyReader properties({encoded});
    PropertyValue value;
    do {
        if (!properties.next(value)) return true;  // it never expires
    } while (value.id != Property::message_expiry_interval);
    if (waited_seconds >= value.number) return false;
    constexpr std::size_t kWidth = 4;
    const auto begin = static_cast<std::size_t>(encoded.data() - publish.data());
    const std::size_t end = begin + encoded.size() - properties.left();
    Writer(publish.subspan(end - kWidth, kWidth)).u32(value.number - waited_seconds);
    return true;
}

}  // namespace countersign::mqtt
