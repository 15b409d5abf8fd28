// A session's connection: made, ended, kept alive.
#include "core/mqtt/session.h"

#include <algorithm>

#include "core/mqtt/encode.h"
#include "core/mqtt/property.h"
#include "core/mqtt/reason.h"
#include "core/mqtt/wire.h"

namespace countersign::mqtt {
namespace {

constexpr std::size_t kMaxExchanges = 65534;  // always one packet id left to give

std::span<Slot> at_most(std::span<Slot> slots, std::size_t count) noexcept {
    return slots.first(slots.size() < count ? slots.size() : count);
}

// The largest packet whose body a buffer holds; 0: any packet.
std::uint32_t largest_packet(std::size_t body) noexcept {
    if (body >= kMaxRemainingLength) return 0;
    Writer header;
    header.byte(0);
    header.varint(body);
    return static_cast<std::uint32_t>(header.size() + body);
}

}  // namespace

Session::Session(const Storage& storage, const Limits& limits) noexcept
    : reader_(storage.receive),
      outbox_(at_most(storage.outgoing, kMaxExchanges), storage.store),
      aliases_in_(storage.aliases_in, limits.topic_aliases_in),
      aliases_out_(storage.aliases_out, limits.topic_aliases_out),
      transmit_(storage.transmit),
      incoming_(storage.incoming),
      limits_(limits),
      version_(limits.version) {}

// Promises the server no more than there is memory for.
ConnectOptions Session::within_our_memory(ConnectOptions options) const noexcept {
    // 0 is not allowed (5: 3.1.2.11.3): a QoS 2 message without room for it is a fault, as in 3.1.1.
    const std::size_t receivable = incoming_.empty() ? 1 : incoming_.size();
    if (receivable < options.receive_maximum)
        options.receive_maximum = static_cast<std::uint16_t>(receivable);
    const std::uint32_t largest = largest_packet(reader_.capacity());
    if (options.maximum_packet_size == 0 || (largest != 0 && largest < options.maximum_packet_size))
        options.maximum_packet_size = largest;
    const std::uint16_t aliases = aliases_refused_ ? std::uint16_t{0} : aliases_in_.count();
    if (aliases < options.topic_alias_maximum) options.topic_alias_maximum = aliases;
    return options;
}

Status Session::connect(Millis now, const ConnectOptions& wanted) noexcept {
    if (phase_ != Phase::closed) return Status::not_connected;
    if (const Status status = valid_connect(wanted); status != Status::ok) return status;
    if (wanted.version != version_ && !outbox_.live().empty()) return Status::bad_argument;
    const ConnectOptions options = within_our_memory(wanted);
    version_ = options.version;
    transport_closed();
    if (const Status status = queue(encode_connect(options, transmit_room())); status != Status::ok)
        return status;
    phase_ = Phase::connecting;
    clean_session_ = options.clean_session;
    expires_at_once_ = options.session_expiry_seconds == 0;
    problem_information_ = options.request_problem_information;
    alias_maximum_ = options.topic_alias_maximum;
    keep_alive_ = Millis{options.keep_alive_seconds} * 1000;
    now_ = last_sent_ = last_received_ = now;
    response_due_ = now + limits_.response_timeout;
    return Status::ok;
}

// Takes what an encoder has written to transmit_room(), if it found room there.
Status Session::queue(std::size_t size) noexcept {
    if (size > transmit_.size() || size > server_.maximum_packet_size) return Status::too_large;
    if (size > transmit_room().size()) return Status::no_room;
    queued_ += size;
    return Status::ok;
}

Status Session::disconnect(ReasonCode reason, Properties properties) noexcept {
    if (phase_ != Phase::connected) return Status::not_connected;
    if (version_ == Version::v5) {
        if (!is_reason_to_disconnect(reason)) return Status::bad_argument;
        if (const Status status = check_to_send(properties, PacketType::disconnect); status != Status::ok)
            return status;
        // A session that was to end with its connection cannot be kept at the last moment (5: 3.14.2.2.2).
        PropertyValue expiry;
        const bool kept =
            find_property(properties, Property::session_expiry_interval, expiry) && expiry.number != 0;
        if (kept && expires_at_once_) return Status::bad_argument;
    } else if (reason != ReasonCode::success || !properties.encoded.empty()) {
        return Status::bad_argument;
    }
    if (const Status status = queue(encode_disconnect(reason, properties, transmit_room()));
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

void Session::transport_closed(bool hung_up) noexcept {
    if (hung_up) note_hang_up();
    phase_ = Phase::closed;
    reader_.reset(version_);
    input_ = {};
    queued_ = emitted_ = 0;
    in_flight_ = 0;
    response_due_ = kNever;
    server_ = Server{};
    aliases_in_.clear();
    aliases_out_.clear();
    for (Slot& slot : outbox_.live()) {
        slot.in_window = false;
        if (after_connect(slot.exchange, slot.sent, true) == Resumption::drop) outbox_.drop(slot, Drop::lost);
    }
}

// Whatever was sent and not answered may be what the server did not bear.
void Session::note_hang_up() noexcept {
    if (phase_ != Phase::connected && phase_ != Phase::closing) return;
    for (Slot& slot : outbox_.live()) {
        if (slot.in_window && slot.length > 0 && ++slot.hang_ups >= kHangUps)
            outbox_.drop(slot, Drop::hung_up_on);
    }
}

// Pings after 7/8 of the time, so that a late tick still keeps the promise [MQTT-3.1.2-23],
// [5: MQTT-3.1.2-20]; also when only sending, or a dead server would go unnoticed for as long as there is
// something to send.
Millis Session::ping_due() const noexcept {
    const auto [first, last] = std::minmax(last_sent_, last_received_);
    Millis due = keep_alive_ == 0 ? kNever : first + keep_alive_ - keep_alive_ / 8;
    if (limits_.unanswered != kNever && in_flight_ > 0) due = std::min(due, last + limits_.unanswered);
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

void Session::enlarge_incoming(std::span<std::uint16_t> incoming) noexcept {
    std::ranges::copy(incoming_.first(incoming_count_), incoming.begin());
    incoming_ = incoming;
}

}  // namespace countersign::mqtt
