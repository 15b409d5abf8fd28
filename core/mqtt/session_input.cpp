// What a session makes of the packets it receives.
#include "core/mqtt/encode.h"
#include "core/mqtt/property.h"
#include "core/mqtt/reason.h"
#include "core/mqtt/session.h"

namespace countersign::mqtt {
namespace {

constexpr std::uint32_t kSmallestAnswer = 4;  // bytes: a PUBACK without reason (5: 3.4.2.1)

}  // namespace

// Whatever is wrong, the connection is at its end [MQTT-4.8.0-1], [5: MQTT-4.13.1-1]; next() tells it. In 5
// the server is told too.
bool Session::fail(Fault fault) noexcept {
    phase_ = Phase::closing;
    fault_ = fault;
    input_ = {};
    queued_ = emitted_ = 0;
    const ReasonCode reason = reason_of(fault);
    if (version_ == Version::v5 && reason != ReasonCode::success)
        queue(encode_disconnect(reason, {}, transmit_room()));
    return false;
}

bool Session::on_packet(Effect& effect) noexcept {
    const PacketType type = reader_.header().type;
    if (type == PacketType::auth) return on_goodbye(effect);
    const bool first = phase_ == Phase::connecting;
    if (first != (type == PacketType::connack)) return fail(Fault::unexpected_packet);  // [MQTT-3.2.0-1]
    switch (type) {
        case PacketType::connack: return on_connack(effect);
        case PacketType::publish: return on_publish(effect);
        case PacketType::pubrel: return on_pubrel();
        case PacketType::suback: return on_suback(effect);
        case PacketType::unsuback:
            return version_ == Version::v5 ? on_suback(effect) : on_acknowledgement(effect);
        case PacketType::pingresp: response_due_ = kNever; return false;
        case PacketType::disconnect: return on_goodbye(effect);
        default: return on_acknowledgement(effect);
    }
}

bool Session::on_connack(Effect& effect) noexcept {
    Connack connack;
    if (const Fault fault = decode_connack(reader_.body(), clean_session_, version_, connack);
        fault != Fault::none) {
        return fail(fault);
    }
    const Server server = server_of(connack.properties);
    if (server.authenticates) return fail(Fault::unwanted_authentication);  // [5: MQTT-4.12.0-6]
    effect.reason = connack.reason;
    effect.properties = connack.properties;
    if (connack.reason != ReasonCode::success) {
        fail(Fault::refused);
        effect.kind = Effect::Kind::refused;
        return true;
    }
    if (server.maximum_packet_size < kSmallestAnswer) return fail(Fault::limit_too_small);
    server_ = server;
    if (server.sets_keep_alive) keep_alive_ = Millis{server.keep_alive_seconds} * 1000;  // [5: MQTT-3.1.2-21]
    phase_ = Phase::connected;
    response_due_ = kNever;
    resume(connack.session_present);
    effect.kind = Effect::Kind::connected;
    effect.session_present = connack.session_present;
    return true;
}

void Session::resume(bool session_present) noexcept {
    if (!session_present) incoming_count_ = 0;  // [5: MQTT-3.2.2-5]
    for (Slot& slot : outbox_.live()) {
        const Resumption resumption = after_connect(slot.exchange, slot.sent, session_present);
        if (resumption == Resumption::drop && limits_.republish && slot.length > 0) {
            outbox_.packet(slot)[0] &= static_cast<std::uint8_t>(~kDupFlag);
            slot.sent = false;
        } else if (resumption == Resumption::drop) {
            outbox_.drop(slot, Drop::lost);
        }
        slot.due = slot.drop == Drop::none;
    }
    outbox_.look_again();
}

// QoS 2 messages are handed out when they come first and remembered until PUBREL (4.3.3, method B).
bool Session::accept(const Publish& publish) noexcept {
    switch (publish.message.qos) {
        case Qos::at_most_once: return true;
        case Qos::at_least_once: queue_acknowledgement(PacketType::puback, publish.packet_id); return true;
        case Qos::exactly_once: break;
    }
    bool known = false;
    for (const std::uint16_t packet_id : incoming_.first(incoming_count_))
        known |= packet_id == publish.packet_id;
    if (!known) {
        // In 5 the server knows how many there may be [5: MQTT-3.3.4-9].
        if (incoming_count_ == incoming_.size()) return fail(Fault::too_many_exactly_once);
        incoming_[incoming_count_++] = publish.packet_id;
    }
    queue_acknowledgement(PacketType::pubrec, publish.packet_id);
    return !known;
}

// Learns what an alias means, or puts the topic in its place (5: 3.3.2.3.4).
Fault Session::resolve(Publish& publish) noexcept {
    if (!publish.has_alias) return Fault::none;
    // [5: MQTT-3.3.2-8], [5: MQTT-3.3.2-10]
    if (publish.alias == 0 || publish.alias > alias_maximum_) return Fault::bad_topic_alias;
    if (!publish.message.topic.empty()) {
        if (!aliases_in_.set(publish.alias, publish.message.topic)) aliases_refused_ = true;
        return Fault::none;
    }
    publish.message.topic = aliases_in_.topic(publish.alias);
    if (!publish.message.topic.empty()) return Fault::none;
    return aliases_refused_ ? Fault::no_alias_room : Fault::bad_topic_alias;
}

bool Session::on_publish(Effect& effect) noexcept {
    Publish publish;
    Fault fault = decode_publish(reader_.header().flags, reader_.body(), version_, publish);
    if (fault == Fault::none) fault = resolve(publish);
    if (fault != Fault::none) return fail(fault);
    if (!accept(publish)) return false;
    effect.kind = Effect::Kind::message;
    effect.message = publish.message;
    effect.duplicate = publish.duplicate;
    return true;
}

bool Session::on_oversize(Effect& effect) noexcept {
    if (phase_ != Phase::connected) return fail(Fault::unexpected_packet);
    const Publish publish = reader_.oversize().publish();
    if (!accept(publish)) return false;
    effect.kind = Effect::Kind::oversize;
    effect.message = publish.message;
    effect.duplicate = publish.duplicate;
    effect.size = reader_.oversize().payload_size();
    return true;
}

bool Session::on_pubrel() noexcept {
    Acknowledgement pubrel;
    Fault fault = decode_acknowledgement(PacketType::pubrel, reader_.body(), version_, pubrel);
    if (fault == Fault::none) fault = check_problem_information(pubrel.properties);
    if (fault != Fault::none) return fail(fault);
    ReasonCode reason =
        version_ == Version::v5 ? ReasonCode::packet_identifier_not_found : ReasonCode::success;
    for (std::uint16_t& known : incoming_.first(incoming_count_)) {
        if (known != pubrel.packet_id) continue;
        known = incoming_[--incoming_count_];
        reason = ReasonCode::success;
        break;
    }
    // Also when it is not known: our PUBCOMP was lost and the server releases a second time.
    queue_acknowledgement(PacketType::pubcomp, pubrel.packet_id, reason);
    return false;
}

// SUBACK, and 5's UNSUBACK.
bool Session::on_suback(Effect& effect) noexcept {
    const PacketType type = reader_.header().type;
    Suback suback;
    Fault fault = decode_suback(type, reader_.body(), version_, suback);
    if (fault == Fault::none) fault = check_problem_information(suback.properties);
    if (fault != Fault::none) return fail(fault);
    const Slot* slot = outbox_.find(suback.packet_id);
    const bool ours = slot != nullptr && (slot->exchange == Exchange::awaiting_suback ||
                                          slot->exchange == Exchange::awaiting_unsuback);
    // [MQTT-3.8.4-5], [5: MQTT-3.8.4-6], [5: MQTT-3.11.3-1]
    if (ours && slot->filters != suback.codes.size()) return fail(Fault::bad_return_code);
    if (!settle(type, {suback.packet_id, ReasonCode::success, suback.properties}, effect)) return false;
    effect.bytes = suback.codes;
    return true;
}

bool Session::on_acknowledgement(Effect& effect) noexcept {
    const PacketType type = reader_.header().type;
    Acknowledgement acknowledgement;
    Fault fault = decode_acknowledgement(type, reader_.body(), version_, acknowledgement);
    if (fault == Fault::none) fault = check_problem_information(acknowledgement.properties);
    if (fault != Fault::none) return fail(fault);
    return settle(type, acknowledgement, effect);
}

// DISCONNECT and AUTH, read in full before they are believed.
bool Session::on_goodbye(Effect& effect) noexcept {
    const PacketType type = reader_.header().type;
    Goodbye goodbye;
    if (const Fault fault = decode_goodbye(type, reader_.body(), goodbye); fault != Fault::none)
        return fail(fault);
    if (type == PacketType::auth) return fail(Fault::unwanted_authentication);  // [5: MQTT-4.12.0-6]
    fail(Fault::server_disconnected);
    blamed_ = is_about_a_message(goodbye.reason);
    effect.kind = Effect::Kind::disconnected;
    effect.reason = goodbye.reason;
    effect.properties = goodbye.properties;
    return true;
}

// Where we asked for no explanations there must be none [5: MQTT-3.1.2-29].
Fault Session::check_problem_information(Properties properties) const noexcept {
    PropertyValue value;
    const bool explains = find_property(properties, Property::reason_string, value) ||
                          find_property(properties, Property::user_property, value);
    return explains && !problem_information_ ? Fault::bad_property : Fault::none;
}

// The server may remember an exchange that we have forgotten: let it come to its end.
bool Session::answer_unknown(PacketType answer, const Acknowledgement& acknowledgement) noexcept {
    if (answer == PacketType::puback || answer == PacketType::pubcomp) return false;
    if (answer != PacketType::pubrec) return fail(Fault::wrong_acknowledgement);
    if (is_refusal(acknowledgement.reason)) return false;
    queue_acknowledgement(
        PacketType::pubrel, acknowledgement.packet_id,
        version_ == Version::v5 ? ReasonCode::packet_identifier_not_found : ReasonCode::success);
    return false;
}

bool Session::settle(PacketType answer, const Acknowledgement& acknowledgement, Effect& effect) noexcept {
    Slot* slot = outbox_.find(acknowledgement.packet_id);
    if (slot == nullptr) return answer_unknown(answer, acknowledgement);
    const bool refused = answer != PacketType::pubcomp && is_refusal(acknowledgement.reason);
    const Step step = after_acknowledgement(slot->exchange, answer, refused);
    if (!slot->sent || step.outcome == Outcome::out_of_order) return fail(Fault::wrong_acknowledgement);
    if (step.outcome == Outcome::send_pubrel) {
        slot->exchange = step.next;
        slot->length = 0;  // [MQTT-4.3.3-1]: the message is the server's now, PUBLISH is never sent again
        slot->due = false;
        queue_acknowledgement(PacketType::pubrel, acknowledgement.packet_id);
        return false;
    }
    effect.kind = answer == PacketType::suback     ? Effect::Kind::subscribed
                  : answer == PacketType::unsuback ? Effect::Kind::unsubscribed
                  : refused                        ? Effect::Kind::rejected
                                                   : Effect::Kind::published;
    effect.packet_id = acknowledgement.packet_id;
    effect.reason = acknowledgement.reason;
    effect.properties = acknowledgement.properties;
    if (slot->in_window) --in_flight_;
    outbox_.remove(*slot);
    return true;
}

}  // namespace countersign::mqtt
