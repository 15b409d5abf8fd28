// What a caller asks of a session: publish, subscribe, unsubscribe.
#include "core/mqtt/encode.h"
#include "core/mqtt/property.h"
#include "core/mqtt/session.h"
#include "core/mqtt/topic.h"

namespace countersign::mqtt {
namespace {

constexpr std::uint16_t kAnyPacketId = 1;  // for measuring

}  // namespace

// Before a connection nothing is known of the server; then next_due() looks once more.
Status Session::publishable(const Message& message) const noexcept {
    if (const Status status = valid_message(message, version_); status != Status::ok) return status;
    if (message.qos > server_.maximum_qos) return Status::not_supported;            // [5: MQTT-3.2.2-11]
    if (message.retain && !server_.retain_available) return Status::not_supported;  // [5: MQTT-3.2.2-14]
    return Status::ok;
}

Accepted Session::publish(const Message& message) noexcept {
    if (const Status status = publishable(message); status != Status::ok) return {status};
    if (message.qos == Qos::at_most_once) return publish_once(message);
    const std::size_t size = encode_publish(message, kAnyPacketId, {}, version_);
    if (size > outbox_.capacity() || size > server_.maximum_packet_size) return {Status::too_large};
    if (outbox_.full()) return {Status::no_room};
    const std::span<std::uint8_t> room = outbox_.room(size);
    if (room.empty()) return {Status::no_room};
    const std::uint16_t packet_id = outbox_.next_packet_id();
    encode_publish(message, packet_id, room, version_);
    const bool twice = message.qos == Qos::exactly_once;
    Slot& slot = outbox_.add(packet_id, twice ? Exchange::awaiting_pubrec : Exchange::awaiting_puback, room);
    slot.due = true;
    slot.made_at = now_in_seconds();
    return {Status::ok, packet_id};
}

// An alias for the topic of a QoS 0 message: the one kind that never lives to see another connection, where
// its alias would mean nothing.
TopicAlias Session::alias_for(std::string_view topic) noexcept {
    if (server_.topic_alias_maximum == 0) return {};
    if (const std::uint16_t known = aliases_out_.find(topic); known != 0) return {known, true};
    const std::uint16_t unused = aliases_out_.unused();
    if (unused == 0 || unused > server_.topic_alias_maximum) return {};  // [5: MQTT-3.3.2-9]
    return aliases_out_.set(unused, topic) ? TopicAlias{unused, false} : TopicAlias{};
}

Accepted Session::publish_once(const Message& message) noexcept {
    if (phase_ != Phase::connected) return {Status::not_connected};
    const TopicAlias alias = alias_for(message.topic);
    const Status status = queue(encode_publish(message, 0, transmit_room(), version_, alias));
    const bool introduced_now = alias.alias != 0 && !alias.introduced;
    if (status != Status::ok && introduced_now) aliases_out_.set(alias.alias, {});
    return {status};
}

Status Session::subscribable(std::span<const Subscription> subscriptions,
                             Properties properties) const noexcept {
    for (const Subscription& subscription : subscriptions) {
        if (const Status status = valid_subscription(subscription, version_); status != Status::ok)
            return status;
        const bool shared = version_ == Version::v5 && is_shared(subscription.filter);
        if (shared && !server_.shared_available) return Status::not_supported;
        if (has_wildcard(subscription.filter) && !server_.wildcards_available) return Status::not_supported;
    }
    PropertyValue identifier;
    const bool identified = find_property(properties, Property::subscription_identifier, identifier);
    return identified && !server_.subscription_ids_available ? Status::not_supported : Status::ok;
}

Accepted Session::subscribe(std::span<const Subscription> subscriptions, Properties properties) noexcept {
    if (const Status status = valid_properties(properties, PacketType::subscribe, version_);
        status != Status::ok) {
        return {status};
    }
    if (const Status status = subscribable(subscriptions, properties); status != Status::ok) return {status};
    if (const Status status = room_for_exchange(subscriptions.size()); status != Status::ok) return {status};
    const std::uint16_t packet_id = outbox_.next_packet_id();
    return queue_subscription(
        Exchange::awaiting_suback, packet_id, subscriptions.size(),
        encode_subscribe(packet_id, subscriptions, transmit_room(), version_, properties));
}

Accepted Session::unsubscribe(std::span<const std::string_view> filters, Properties properties) noexcept {
    if (const Status status = valid_properties(properties, PacketType::unsubscribe, version_);
        status != Status::ok) {
        return {status};
    }
    for (const std::string_view filter : filters) {
        if (!is_sendable_filter(filter)) return {Status::bad_topic};
    }
    if (const Status status = room_for_exchange(filters.size()); status != Status::ok) return {status};
    const std::uint16_t packet_id = outbox_.next_packet_id();
    return queue_subscription(Exchange::awaiting_unsuback, packet_id, filters.size(),
                              encode_unsubscribe(packet_id, filters, transmit_room(), version_, properties));
}

Status Session::room_for_exchange(std::size_t filters) const noexcept {
    constexpr std::size_t kIdAndPropertyLength = 3;
    if (phase_ != Phase::connected) return Status::not_connected;
    if (filters == 0) return Status::bad_argument;  // [MQTT-3.8.3-3], [MQTT-3.10.3-2], [5: MQTT-3.8.3-2]
    const std::size_t answer = filters + kIdAndPropertyLength - (version_ == Version::v5 ? 0 : 1);
    if (answer > reader_.capacity()) return Status::too_large;  // SUBACK would not fit
    return outbox_.full() ? Status::no_room : Status::ok;
}

Accepted Session::queue_subscription(Exchange exchange, std::uint16_t packet_id, std::size_t filters,
                                     std::size_t size) noexcept {
    if (const Status status = queue(size); status != Status::ok) return {status};
    Slot& slot = outbox_.add(packet_id, exchange, {});
    slot.filters = static_cast<std::uint16_t>(filters);
    slot.sent = true;
    return {Status::ok, packet_id};
}

}  // namespace countersign::mqtt
