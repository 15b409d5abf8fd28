// MQTT 5's properties: which there are, where each has its place, and how they are read and written
// (5: 2.2.2).
//
//   std::array<std::uint8_t, 64> room;
//   PropertyWriter properties(room);
//   properties.number(Property::message_expiry_interval, 60).user("unit", "°C");
//   session.publish({topic, payload, Qos::at_least_once, false, properties.done()});
//
//   PropertyReader reader(effect.message.properties);
//   for (PropertyValue value; reader.next(value);) { … }
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "core/mqtt/types.h"
#include "core/mqtt/wire.h"

namespace countersign::mqtt {

enum class Property : std::uint8_t {
    payload_format_indicator = 0x01,
    message_expiry_interval = 0x02,
    content_type = 0x03,
    response_topic = 0x08,
    correlation_data = 0x09,
    subscription_identifier = 0x0B,
    session_expiry_interval = 0x11,
    assigned_client_identifier = 0x12,
    server_keep_alive = 0x13,
    authentication_method = 0x15,
    authentication_data = 0x16,
    request_problem_information = 0x17,
    will_delay_interval = 0x18,
    request_response_information = 0x19,
    response_information = 0x1A,
    server_reference = 0x1C,
    reason_string = 0x1F,
    receive_maximum = 0x21,
    topic_alias_maximum = 0x22,
    topic_alias = 0x23,
    maximum_qos = 0x24,
    retain_available = 0x25,
    user_property = 0x26,
    maximum_packet_size = 0x27,
    wildcard_subscription_available = 0x28,
    subscription_identifier_available = 0x29,
    shared_subscription_available = 0x2A,
};

struct PropertyValue {
    Property id{};
    std::uint32_t number = 0;  // bytes, integers
    Bytes bytes{};             // strings, binary data, the value of a user property
    std::string_view name{};   // of a user property

    [[nodiscard]] std::string_view text() const noexcept {
        return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    }
};

class PropertyReader {
  public:
    explicit PropertyReader(Properties properties) noexcept : reader_(properties.encoded) {}
    // In their order; false at the end and at what cannot be read. The session hands out only what can.
    bool next(PropertyValue& value) noexcept;
    [[nodiscard]] bool at_end() const noexcept { return reader_.at_end(); }
    [[nodiscard]] std::size_t left() const noexcept { return reader_.left(); }  // bytes not yet read

  private:
    Reader reader_;
};

// The first one of this kind; false: there is none.
[[nodiscard]] bool find_property(Properties properties, Property id, PropertyValue& value) noexcept;

// What does not fit is counted and not written: done() is then empty and fits() false.
class PropertyWriter {
  public:
    explicit PropertyWriter(std::span<std::uint8_t> out) noexcept : out_(out), writer_(out) {}

    PropertyWriter& number(Property id, std::uint32_t value) noexcept;  // in the width the property has
    PropertyWriter& binary(Property id, Bytes value) noexcept;          // at most 65535 bytes, as strings
    PropertyWriter& text(Property id, std::string_view value) noexcept;
    PropertyWriter& user(std::string_view name, std::string_view value) noexcept;

    [[nodiscard]] bool fits() const noexcept { return !broken_ && writer_.size() <= out_.size(); }
    [[nodiscard]] Properties done() const noexcept {
        return fits() ? Properties{out_.first(writer_.size())} : Properties{};
    }

  private:
    std::span<std::uint8_t> out_;
    Writer writer_;
    bool broken_ = false;  // too long, or not a property of this type
};

inline constexpr PacketType kWill{0};  // the will has properties of its own (5: 3.1.3.2)

// Everything a receiver must check: place, repetition, range, UTF-8. Fault: none, malformed_properties,
// malformed_string, bad_property.
[[nodiscard]] Fault check_received(Properties properties, PacketType packet) noexcept;
// The same for what a caller wants to send; those that the session sets itself have no place here either.
[[nodiscard]] Status check_to_send(Properties properties, PacketType packet) noexcept;

void write_number(Writer& writer, Property id, std::uint32_t value) noexcept;

}  // namespace countersign::mqtt
