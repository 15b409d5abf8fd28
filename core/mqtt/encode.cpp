#include "core/mqtt/encode.h"

#include "core/mqtt/topic.h"
#include "core/mqtt/utf8.h"
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
    writer.remaining_length(measure.size());
    const std::size_t total = writer.size() + measure.size();
    if (total <= out.size()) write_body(writer);
    return total;
}

bool is_string(std::string_view text) noexcept {
    return text.size() <= kMaxStringLength && is_valid_utf8(text);
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

}  // namespace

Status valid_connect(const ConnectOptions& options) noexcept {
    if (!is_string(options.client_id)) return Status::bad_argument;
    if (options.client_id.empty() && !options.clean_session) return Status::bad_argument;
    if (options.has_password && !options.has_user_name) return Status::bad_argument;
    if (options.has_user_name && !is_string(options.user_name)) return Status::bad_argument;
    if (options.password.size() > kMaxStringLength) return Status::bad_argument;
    if (options.will == nullptr) return Status::ok;
    if (options.will->payload.size() > kMaxStringLength) return Status::too_large;  // 3.1.3.3
    return valid_message(*options.will);
}

Status valid_message(const Message& message) noexcept {
    if (!is_valid_topic_name(message.topic)) return Status::bad_topic;
    return message.qos > Qos::exactly_once ? Status::bad_argument : Status::ok;
}

std::size_t encode_connect(const ConnectOptions& options, std::span<std::uint8_t> out) noexcept {
    return encode(first_byte(PacketType::connect, 0), out, [&](Writer& writer) {
        writer.string("MQTT");
        writer.byte(static_cast<std::uint8_t>(options.version));
        writer.byte(static_cast<std::uint8_t>(connect_flags(options)));
        writer.u16(options.keep_alive_seconds);
        writer.string(options.client_id);
        if (options.will != nullptr) {
            writer.string(options.will->topic);
            writer.binary(options.will->payload);
        }
        if (options.has_user_name) writer.string(options.user_name);
        if (options.has_password) writer.binary(options.password);
    });
}

std::size_t encode_publish(const Message& message, std::uint16_t packet_id,
                           std::span<std::uint8_t> out) noexcept {
    const unsigned flags = static_cast<unsigned>(message.qos) << 1 | (message.retain ? 0x01U : 0x00U);
    return encode(first_byte(PacketType::publish, flags), out, [&](Writer& writer) {
        writer.string(message.topic);
        if (message.qos != Qos::at_most_once) writer.u16(packet_id);
        writer.raw(message.payload);
    });
}

std::size_t encode_subscribe(std::uint16_t packet_id, std::span<const Subscription> subscriptions,
                             std::span<std::uint8_t> out) noexcept {
    return encode(first_byte(PacketType::subscribe, fixed_flags(PacketType::subscribe)), out,
                  [&](Writer& writer) {
                      writer.u16(packet_id);
                      for (const Subscription& subscription : subscriptions) {
                          writer.string(subscription.filter);
                          writer.byte(static_cast<std::uint8_t>(subscription.qos));
                      }
                  });
}

std::size_t encode_unsubscribe(std::uint16_t packet_id, std::span<const std::string_view> filters,
                               std::span<std::uint8_t> out) noexcept {
    return encode(first_byte(PacketType::unsubscribe, fixed_flags(PacketType::unsubscribe)), out,
                  [&](Writer& writer) {
                      writer.u16(packet_id);
                      for (const std::string_view filter : filters) writer.string(filter);
                  });
}

std::size_t encode_acknowledgement(PacketType type, std::uint16_t packet_id,
                                   std::span<std::uint8_t> out) noexcept {
    return encode(first_byte(type, fixed_flags(type)), out, [&](Writer& writer) { writer.u16(packet_id); });
}

std::size_t encode_empty(PacketType type, std::span<std::uint8_t> out) noexcept {
    return encode(first_byte(type, 0), out, [](Writer&) {});
}

}  // namespace countersign::mqtt
