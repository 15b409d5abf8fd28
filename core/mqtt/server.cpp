#include "core/mqtt/server.h"

#include "core/mqtt/property.h"

namespace countersign::mqtt {

Server server_of(Properties connack) noexcept {
    Server server;
    PropertyReader reader(connack);
    for (PropertyValue value; reader.next(value);) {
        const bool available = value.number != 0;
        const auto number = static_cast<std::uint16_t>(value.number);
        switch (value.id) {
            case Property::maximum_packet_size: server.maximum_packet_size = value.number; break;
            case Property::receive_maximum: server.receive_maximum = number; break;
            case Property::topic_alias_maximum: server.topic_alias_maximum = number; break;
            case Property::maximum_qos: server.maximum_qos = static_cast<Qos>(value.number); break;
            case Property::retain_available: server.retain_available = available; break;
            case Property::wildcard_subscription_available: server.wildcards_available = available; break;
            case Property::subscription_identifier_available:
                server.subscription_ids_available = available;
                break;
            case Property::shared_subscription_available: server.shared_available = available; break;
            case Property::server_keep_alive:
                server.sets_keep_alive = true;
                server.keep_alive_seconds = number;
                break;
            case Property::authentication_method:
            case Property::authentication_data: server.authenticates = true; break;
            default: break;
        }
    }
    return server;
}

}  // namespace countersign::mqtt
