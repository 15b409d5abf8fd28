#include "core/mqtt/session.h"

#include <algorithm>

#include "core/mqtt/encode.h"
#include "core/mqtt/topic.h"

namespace countersign::mqtt {
namespace {

constexpr std::size_t kMaxExchanges = 65534;  // always one packet id left to give
constexpr std::uint16_t kAnyPacketId = 1;     // for measuring

bool valid_qos(Qos qos) noexcept {
    return qos <= Qos::exactly_once;
}

std::span<Slot> at_most(std::span<Slot> slots, std::size_t count) noexcept {
    return slots.first(slots.size() < count ? slots.size() : count);
}

}  // namespace

Session::Session(const Storage& storage, const Limits& limits) noexcept
    : reader_(storage.receive),
      outbox_(at_most(storage.outgoing, kMaxExchanges), storage.store),
      transmit_(storage.transmit),
      incoming_(storage.incoming),
      limits_(limits) {}

Status Session::connect(Millis now, const ConnectOptions& options) noexcept {
    if (phase_ != Phase::closed) return Status::not_connected;
    if (const Status status = valid_connect(options); status != Status::ok) return status;
    transport_closed();
    if (const Status status = queue(encode_connect(options, transmit_room())); status != Status::ok)
        return status;
    phase_ = Phase::connecting;
    clean_session_ = options.clean_session;
    keep_alive_ = Millis{options.keep_alive_seconds} * 1000;
    now_ = last_sent_ = last_received_ = now;
    response_due_ = now + limits_.response_timeout;
    return Status::ok;
}

Accepted Session::publish(const Message& message) noexcept {
    if (const Status status = valid_message(message); status != Status::ok) return {status};
    if (message.qos == Qos::at_most_once) {
        if (phase_ != Phase::connected) return {Status::not_connected};
        return {queue(encode_publish(message, 0, transmit_room()))};
    }
    const std::size_t size = encode_publish(message, kAnyPacketId, {});
    if (size > outbox_.capacity()) return {Status::too_large};
    if (outbox_.full()) return {Status::no_room};
    const std::span<std::uint8_t> room = outbox_.room(size);
    if (room.empty()) return {Status::no_room};
    const std::uint16_t packet_id = outbox_.next_packet_id();
    encode_publish(message, packet_id, room);
    const bool twice = message.qos == Qos::exactly_once;
    outbox_.add(packet_id, twice ? Exchange::awaiting_pubrec : Exchange::awaiting_puback, room).due = true;
    return {Status::ok, packet_id};
}

Accepted Session::subscribe(std::span<const Subscription> subscriptions) noexcept {
    for (const Subscription& subscription : subscriptions) {
        if (!is_valid_topic_filter(subscription.filter)) return {Status::bad_topic};
        if (!valid_qos(subscription.qos)) return {Status::bad_argument};  // [MQTT-3.8.3-4]
    }
    if (const Status status = room_for_exchange(subscriptions.size()); status != Status::ok) return {status};
    const std::uint16_t packet_id = outbox_.next_packet_id();
    return queue_subscription(Exchange::awaiting_suback, packet_id, subscriptions.size(),
                              encode_subscribe(packet_id, subscriptions, transmit_room()));
}

Accepted Session::unsubscribe(std::span<const std::string_view> filters) noexcept {
    for (const std::string_view filter : filters) {
        if (!is_valid_topic_filter(filter)) return {Status::bad_topic};
    }
    if (const Status status = room_for_exchange(filters.size()); status != Status::ok) return {status};
    const std::uint16_t packet_id = outbox_.next_packet_id();
    return queue_subscription(Exchange::awaiting_unsuback, packet_id, filters.size(),
                              encode_unsubscribe(packet_id, filters, transmit_room()));
}

Status Session::room_for_exchange(std::size_t filters) const noexcept {
    if (phase_ != Phase::connected) return Status::not_connected;
    if (filters == 0) return Status::bad_argument;                   // [MQTT-3.8.3-3], [MQTT-3.10.3-2]
    if (filters + 2 > reader_.capacity()) return Status::too_large;  // SUBACK would not fit
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

// Takes what an encoder has written to transmit_room(), if it found room there.
Status Session::queue(std::size_t size) noexcept {
    if (size > transmit_.size()) return Status::too_large;
    if (size > transmit_room().size()) return Status::no_room;
    queued_ += size;
    return Status::ok;
}

Status Session::disconnect() noexcept {
    if (phase_ != Phase::connected) return Status::not_connected;
    if (const Status status = queue(encode_empty(PacketType::disconnect, transmit_room()));
        status != Status::ok) {
        return status;
    }
    phase_ = Phase::closing;
    fault_ = Fault::none;
    return Status::ok;
}

Status Session::bytes_received(Millis now, Bytes bytes) noexcept {
    if (phase_ != Phase::connecting && phase_ != Phase::connected) return Status::not_connected;
    if (!input_.empty()) return Status::no_room;
    input_ = bytes;
    now_ = last_received_ = now;
    // A large packet on a slow line keeps PINGRESP waiting: whatever arrives shows that the server lives.
    if (phase_ == Phase::connected && response_due_ != kNever) response_due_ = now + pong_timeout();
    return Status::ok;
}

void Session::transport_closed() noexcept {
    phase_ = Phase::closed;
    reader_.reset();
    input_ = {};
    queued_ = emitted_ = 0;
    response_due_ = kNever;
    for (Slot& slot : outbox_.live()) {
        if (after_connect(slot.exchange, slot.sent, true) == Resumption::drop) slot.lost = true;
    }
}

// Pings after 7/8 of the time, so that a late tick still keeps the promise [MQTT-3.1.2-23]; also when only
// sending, or a dead server would go unnoticed for as long as there is something to send.
Millis Session::ping_due() const noexcept {
    const auto [first, last] = std::minmax(last_sent_, last_received_);
    Millis due = keep_alive_ == 0 ? kNever : first + keep_alive_ - keep_alive_ / 8;
    if (limits_.unanswered != kNever && outbox_.in_flight() > 0)
        due = std::min(due, last + limits_.unanswered);
    return due;
}

Millis Session::pong_timeout() const noexcept {
    return keep_alive_ == 0 ? limits_.response_timeout : std::min(limits_.response_timeout, keep_alive_ / 2);
}

Millis Session::deadline() const noexcept {
    if (phase_ != Phase::connecting && phase_ != Phase::connected) return kNever;
    if (response_due_ != kNever) return response_due_;
    return ping_due();
}

void Session::tick(Millis now) noexcept {
    now_ = now;
    if (now < deadline()) return;
    if (phase_ == Phase::connecting) {
        fail(Fault::connect_timeout);
    } else if (response_due_ != kNever) {
        fail(Fault::keep_alive_timeout);
    } else if (queue(encode_empty(PacketType::pingreq, transmit_room())) == Status::ok) {
        response_due_ = now + pong_timeout();
    }
}

void Session::enlarge(std::span<std::uint8_t> transmit, std::span<std::uint8_t> store) noexcept {
    std::copy_n(transmit_.begin(), queued_, transmit.begin());
    transmit_ = transmit;
    outbox_.enlarge(store);
}

}  // namespace countersign::mqtt
