#include "host/gateway/convert.h"

#include <fmt/format.h>

#include "core/mqtt/property.h"

namespace countersign::gateway {
namespace {

Properties properties_of(mqtt::Properties encoded) {
    Properties properties;
    mqtt::PropertyReader reader(encoded);
    for (mqtt::PropertyValue value; reader.next(value);) {
        using mqtt::Property;
        switch (value.id) {
            case Property::message_expiry_interval:
                properties.expires_after = std::chrono::seconds(value.number);
                break;
            case Property::content_type: properties.content_type = value.text(); break;
            case Property::response_topic: properties.response_topic = value.text(); break;
            case Property::correlation_data: properties.correlation_data = value.text(); break;
            case Property::user_property: properties.user.emplace_back(value.name, value.text()); break;
            default: break;
        }
    }
    return properties;
}

}  // namespace

Fault fault_of(const Error& error, bool permanent) {
    return {error.what(), std::string(error.code()), error.cure(), permanent};
}

transport::Qos qos_of(int qos) {
    if (qos < 0 || qos > 2)
        throw fault_of(Error(Code::Usage, "QoS is 0, 1 or 2.", "publish with QoS 1"), true);
    return static_cast<transport::Qos>(qos);
}

mqtt::Version version_of(int version) {
    if (version != 4 && version != 5)
        throw fault_of(Error(Code::Usage, "MQTT's version is 4 (3.1.1) or 5.", "leave it at 4"), true);
    return static_cast<mqtt::Version>(version);
}

transport::MessageProperties properties_of(const Properties& properties) {
    return {properties.expires_after, properties.content_type, properties.response_topic,
            properties.correlation_data, properties.user};
}

Received received_of(const transport::Received& message) {
    return {message.topic,    message.payload,   static_cast<int>(message.qos),
            message.retained, message.duplicate, properties_of(message.properties)};
}

std::string full_topic(std::string_view name, std::string_view own) {
    for (const std::string_view absolute : {"devices/", "countersign/", "$"}) {
        if (own.starts_with(absolute)) return std::string(own);
    }
    return fmt::format("devices/{}/{}", name, own);
}

}  // namespace countersign::gateway
