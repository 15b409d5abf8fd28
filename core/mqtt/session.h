// The client's half of MQTT 3.1.1 and 5, without any I/O: calls go in, effects come out.
//
//   session.connect(now, options);            // the transport is open
//   session.bytes_received(now, bytes);       // it brought something
//   session.tick(now);                        // deadline() has passed
//   session.publish(message);                 // whenever you like
//   while (session.next(effect)) { … }        // after every call: do what it says
//
// Effects are made one at a time, when next() is called, so a caller that is still busy writing simply does
// not call it: that is all the flow control there is. publish(), subscribe(), unsubscribe() and disconnect()
// may be called between two calls of next(); connect(), bytes_received() and tick() only when next() has
// returned false.
//
// Nothing is allocated, thrown or locked; all memory is the caller's and its size is the bound of everything.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/mqtt/alias.h"
#include "core/mqtt/effect.h"
#include "core/mqtt/encode.h"
#include "core/mqtt/outbox.h"
#include "core/mqtt/packet_reader.h"
#include "core/mqtt/server.h"
#include "core/mqtt/types.h"

namespace countersign::mqtt {

// Memory handed in at construction; it must outlive the session.
struct Storage {
    std::span<std::uint8_t> receive;   // the largest packet body taken whole; larger messages are refused
                                       // (3.1.1), or told to the server not to be sent (5)
    std::span<std::uint8_t> transmit;  // the largest CONNECT, SUBSCRIBE or QoS 0 PUBLISH; at least 64 bytes
    std::span<std::uint8_t> store;     // QoS 1 and 2 messages from publish() to their acknowledgement
    std::span<Slot> outgoing;  // at most 65534: one per message in the store or subscription under way
    std::span<std::uint16_t> incoming;  // one per QoS 2 message received and not released by the server; 5:
                                        // our Receive Maximum
    std::span<std::uint8_t> aliases_in{};   // 5, optional: topics of the server's aliases (see Limits)
    std::span<std::uint8_t> aliases_out{};  // and of ours, for QoS 0 messages
};

// The storage as one object.
template <std::size_t Receive, std::size_t Transmit, std::size_t Store, std::size_t Outgoing,
          std::size_t Incoming>
struct StaticStorage {
    std::array<std::uint8_t, Receive> receive;
    std::array<std::uint8_t, Transmit> transmit;
    std::array<std::uint8_t, Store> store;
    std::array<Slot, Outgoing> outgoing;
    std::array<std::uint16_t, Incoming> incoming;

    [[nodiscard]] Storage spans() noexcept { return {receive, transmit, store, outgoing, incoming}; }
};

struct Limits {
    std::uint16_t max_inflight = 20;    // messages sent and not yet acknowledged; Mosquitto's own default
    Millis response_timeout = 10'000;   // for CONNACK; for PINGRESP too, but never more than half a keepalive
    Version version = Version::v3_1_1;  // of what is published before the first connect()
    // Among so many each alias memory is shared out; a topic may have its part of it less two bytes.
    std::uint16_t topic_aliases_in = 0;
    std::uint16_t topic_aliases_out = 0;
    // After so long without a word, a message that waits for its answer makes it ping.
    Millis unanswered = kNever;
    // What a server has forgotten goes out again as new instead of being dropped.
    bool republish = false;
};

// `packet_id` names the exchange in the effects to come; 0 for a QoS 0 message, which has none.
struct Accepted {
    Status status = Status::ok;
    std::uint16_t packet_id = 0;
};

class Session {
  public:
    explicit Session(const Storage& storage, const Limits& limits = {}) noexcept;

    // The transport is open. The strings are not kept.
    // Status: ok, not_connected (it is connected already), bad_argument (also: another version than that of
    // the messages still in the store), bad_topic (the will's), too_large (transmit). Effects: send
    // (CONNECT); later connected, followed by dropped for every message the server has forgotten and send for
    // every one it must get again, in their original order [MQTT-4.6.0-1]; or refused and close.
    Status connect(Millis now, const ConnectOptions& options) noexcept;

    // A message of QoS 1 or 2 is copied to the store and may be handed in at any time; it is sent once
    // connected and when there is room in the in-flight window. QoS 0 needs a connection and is forgotten
    // once sent; it may overtake messages of QoS 1 and 2 (order holds within each of both kinds,
    // section 4.6). In 5 a message that waits longer than its message expiry interval is dropped; the time
    // counts from the last moment the session was told of, by connect(), bytes_received() or tick(). Status:
    // ok, bad_topic, bad_argument (QoS 3, properties), not_connected (QoS 0), no_room, too_large,
    // not_supported. Effects: send; later published, rejected or dropped (QoS 1 and 2).
    Accepted publish(const Message& message) noexcept;

    // `properties`, 5 only: a subscription identifier, user properties.
    // Status: ok, not_connected, bad_topic, bad_argument (an empty list, QoS 3, properties), no_room,
    // too_large, not_supported.
    // Effects: send; later subscribed / unsubscribed, or dropped when the connection is lost first.
    Accepted subscribe(std::span<const Subscription> subscriptions, Properties properties = {}) noexcept;
    Accepted unsubscribe(std::span<const std::string_view> filters, Properties properties = {}) noexcept;

    // Only 5 says a reason (disconnect_with_will: publish the will) and properties (session expiry interval,
    // reason string, user properties). What waits in the store stays there. Status: ok, not_connected,
    // bad_argument, no_room. Effects: send (what is already on its way, DISCONNECT), close (Fault::none).
    Status disconnect(ReasonCode reason = ReasonCode::success, Properties properties = {}) noexcept;

    // `bytes` must live until next() returns false. Status: ok, not_connected, no_room (the last ones are not
    // used up). Effects: all kinds, in the order of the packets; a broken promise of the server gives (5:
    // send of a DISCONNECT that says so, and) close with its fault.
    Status bytes_received(Millis now, Bytes bytes) noexcept;

    // The transport is gone, by whichever side. Unacknowledged messages stay for the next connection, but for
    // one that the server has hung up on too often. `hung_up`: the server has ended it, rather than the line
    // or we; 3.1.1 knows no other way to refuse a message. Effects: dropped for subscriptions under way, and
    // that message.
    void transport_closed(bool hung_up = false) noexcept;

    // A message that was on its way so many times running when the server hung up goes alone from then on; so
    // many times, and it is dropped. What was beside it on its way is found innocent in between.
    static constexpr std::uint8_t kSuspected = 3;
    static constexpr std::uint8_t kHangUps = 6;

    // deadline(): when tick() is wanted, kNever if not at all. Calling it earlier or later does no harm.
    // Effects: send (PINGREQ) or close (Fault::connect_timeout, Fault::keep_alive_timeout).
    void tick(Millis now) noexcept;
    [[nodiscard]] Millis deadline() const noexcept;

    // More memory for what is sent: `transmit` and `store` take over what lies in the former ones. Only while
    // no bytes that `send` has handed out are still looked at.
    void enlarge(std::span<std::uint8_t> transmit, std::span<std::uint8_t> store) noexcept;
    // No QoS 2 message more can be taken before the server releases one. A server may send more than the
    // window it was told: Mosquitto 2.0.11 sends all that it has kept. `incoming` takes over the former ones.
    [[nodiscard]] bool incoming_full() const noexcept { return incoming_count_ == incoming_.size(); }
    void enlarge_incoming(std::span<std::uint16_t> incoming) noexcept;
    // For the connections to come.
    void set_limits(const Limits& limits) noexcept { limits_ = limits; }

    // The next effect; false when there is none.
    [[nodiscard]] bool next(Effect& effect) noexcept;

    [[nodiscard]] bool connected() const noexcept { return phase_ == Phase::connected; }
    // Of the connection, or else of the last one.
    [[nodiscard]] Version version() const noexcept { return version_; }
    // While connected: what the server takes. subscribe() and publish() keep to it.
    [[nodiscard]] const Server& server() const noexcept { return server_; }
    // Messages in the store: sent and not acknowledged, or waiting to be sent.
    [[nodiscard]] std::size_t unacknowledged() const noexcept { return outbox_.live().size(); }

  private:
    enum class Phase : std::uint8_t { closed, connecting, connected, closing };

    // session.cpp: the connection
    [[nodiscard]] ConnectOptions within_our_memory(ConnectOptions options) const noexcept;
    Status queue(std::size_t size) noexcept;
    void note_hang_up() noexcept;
    [[nodiscard]] Millis ping_due() const noexcept;
    [[nodiscard]] Millis pong_timeout() const noexcept;
    [[nodiscard]] std::span<std::uint8_t> transmit_room() const noexcept {
        return transmit_.subspan(queued_);
    }
    [[nodiscard]] std::uint32_t now_in_seconds() const noexcept {
        return static_cast<std::uint32_t>(now_ / 1000);
    }

    // session_requests.cpp: what the caller asks for
    [[nodiscard]] Status publishable(const Message& message) const noexcept;
    [[nodiscard]] Status subscribable(std::span<const Subscription> subscriptions,
                                      Properties properties) const noexcept;
    TopicAlias alias_for(std::string_view topic) noexcept;
    Accepted publish_once(const Message& message) noexcept;
    [[nodiscard]] Status room_for_exchange(std::size_t filters) const noexcept;
    Accepted queue_subscription(Exchange exchange, std::uint16_t packet_id, std::size_t filters,
                                std::size_t size) noexcept;

    // session_effects.cpp: each true when it made an effect
    bool next_queued(Effect& effect) noexcept;
    bool next_close(Effect& effect) noexcept;
    bool next_dropped(Effect& effect) noexcept;
    bool next_due(Effect& effect) noexcept;
    [[nodiscard]] bool may_send(const Slot& slot) const noexcept;
    bool next_received(Effect& effect) noexcept;
    bool send(Effect& effect, Bytes bytes) noexcept;
    [[nodiscard]] Drop reason_to_drop(const Slot& slot, std::span<std::uint8_t> packet) const noexcept;
    void queue_acknowledgement(PacketType type, std::uint16_t packet_id,
                               ReasonCode reason = ReasonCode::success) noexcept;

    // session_input.cpp: each true when it made an effect
    bool on_packet(Effect& effect) noexcept;
    bool on_connack(Effect& effect) noexcept;
    bool on_publish(Effect& effect) noexcept;
    bool on_oversize(Effect& effect) noexcept;
    bool on_pubrel() noexcept;
    bool on_suback(Effect& effect) noexcept;
    bool on_acknowledgement(Effect& effect) noexcept;
    bool on_goodbye(Effect& effect) noexcept;
    bool settle(PacketType answer, const Acknowledgement& acknowledgement, Effect& effect) noexcept;
    bool answer_unknown(PacketType answer, const Acknowledgement& acknowledgement) noexcept;
    [[nodiscard]] Fault resolve(Publish& publish) noexcept;
    [[nodiscard]] Fault check_problem_information(Properties properties) const noexcept;
    bool accept(const Publish& publish) noexcept;
    void resume(bool session_present) noexcept;
    bool fail(Fault fault) noexcept;

    PacketReader reader_;
    Outbox outbox_;
    TopicAliases aliases_in_;
    TopicAliases aliases_out_;
    Server server_{};
    std::span<std::uint8_t> transmit_;
    std::span<std::uint16_t> incoming_;
    Limits limits_;

    Bytes input_{};            // what bytes_received() brought and is not yet looked at
    std::size_t queued_ = 0;   // bytes in transmit_
    std::size_t emitted_ = 0;  // of these, handed out by send
    std::size_t incoming_count_ = 0;
    std::size_t in_flight_ = 0;  // slots in the window

    Millis now_ = 0;
    Millis last_sent_ = 0;
    Millis last_received_ = 0;
    Millis keep_alive_ = 0;         // 0: none
    Millis response_due_ = kNever;  // for CONNACK or PINGRESP
    Phase phase_ = Phase::closed;
    Fault fault_ = Fault::none;
    Version version_;
    bool clean_session_ = true;
    bool expires_at_once_ = true;      // CONNECT asked for no session expiry interval
    bool problem_information_ = true;  // CONNECT asked for it
    bool blamed_ = false;              // 5: the server's DISCONNECT may be about a message of ours
    bool aliases_refused_ = false;     // the server's topics were too long to be kept
    std::uint16_t alias_maximum_ = 0;  // what CONNECT allowed the server
};

}  // namespace countersign::mqtt
