#include "host/transport/properties.h"

#include <cstdint>
#include <limits>
#include <vector>

namespace countersign::transport {
namespace {

constexpr std::size_t kHead = 7;  // bytes before a value at most: its id, a length, a number

std::size_t room_for(const UserProperties& user) {
    std::size_t room = 0;
    for (const auto& [name, value] : user) room += kHead + name.size() + value.size();
    return room;
}

void write(mqtt::PropertyWriter& writer, const UserProperties& user) {
    for (const auto& [name, value] : user) writer.user(name, value);
}

std::string text_of(const mqtt::PropertyWriter& writer) {
    if (!writer.fits()) throw Error(Code::Usage, "A property of MQTT 5 has at most 65535 bytes.");
    const mqtt::Bytes bytes = writer.done().encoded;
    return {bytes.begin(), bytes.end()};
}

}  // namespace

std::string encoded(const UserProperties& properties) {
    std::vector<std::uint8_t> room(room_for(properties));
    mqtt::PropertyWriter writer(room);
    write(writer, properties);
    return text_of(writer);
}

std::string encoded(const MessageProperties& properties) {
    std::vector<std::uint8_t> room(4 * kHead + properties.content_type.size() +
                                   properties.response_topic.size() + properties.correlation_data.size() +
                                   room_for(properties.user));
    mqtt::PropertyWriter writer(room);
    using mqtt::Property;
    if (properties.expires_after) {
        const auto seconds = properties.expires_after->count();
        if (seconds < 0 || seconds > std::numeric_limits<std::uint32_t>::max()) {
            throw Error(Code::Usage, "A message expires after 0 to 4294967295 seconds.");
        }
        writer.number(Property::message_expiry_interval, static_cast<std::uint32_t>(seconds));
    }
    const auto text = [&](Property id, const std::string& value) {
        if (!value.empty()) writer.text(id, value);
    };
    text(Property::content_type, properties.content_type);
    text(Property::response_topic, properties.response_topic);
    if (!properties.correlation_data.empty())
        writer.binary(Property::correlation_data, as_properties(properties.correlation_data).encoded);
    write(writer, properties.user);
    return text_of(writer);
}

mqtt::Properties as_properties(const std::string& encoded) {
    return {{reinterpret_cast<const std::uint8_t*>(encoded.data()), encoded.size()}};
}

}  // namespace countersign::transport
