// What a session makes of the packets it receives.
#include "core/mqtt/encode.h"
#include "core/mqtt/session.h"

namespace countersign::mqtt {

// Whatever is wrong, the connection is at its end [MQTT-4.8.0-1]; next() tells it.
bool Session::fail(Fault fault) noexcept {
    phase_ = Phase::closing;
    fault_ = fault;
    input_ = {};
    queued_ = emitted_ = 0;
    return false;
}

bool Session::on_packet(Effect& effect) noexcept {
    const PacketType type = reader_.header().type;
    const bool first = phase_ == Phase::connecting;
    if (first != (type == PacketType::connack)) return fail(Fault::unexpected_packet);  // [MQTT-3.2.0-1]
    switch (type) {
        case PacketType::connack: return on_connack(effect);
        case PacketType::publish: {
            Publish publish;
            const Fault fault = decode_publish(reader_.header().flags, reader_.body(), publish);
            return fault == Fault::none ? on_publish(publish, effect) : fail(fault);
        }
        case PacketType::pubrel: return on_pubrel();
        case PacketType::suback: return on_suback(effect);
        case PacketType::pingresp: response_due_ = kNever; return false;
        default: return on_acknowledgement(effect);
    }
}

bool Session::on_connack(Effect& effect) noexcept {
    Connack connack;
    if (const Fault fault = decode_connack(reader_.body(), clean_session_, connack); fault != Fault::none) {
        return fail(fault);
    }
    if (connack.reason != ReasonCode::success) {
        fail(Fault::refused);
        effect.kind = Effect::Kind::refused;
        effect.reason = connack.reason;
        return true;
    }
    phase_ = Phase::connected;
    response_due_ = kNever;
    resume(connack.session_present);
    effect.kind = Effect::Kind::connected;
    effect.session_present = connack.session_present;
    return true;
}

void Session::resume(bool session_present) noexcept {
    if (!session_present) incoming_count_ = 0;
    for (Slot& slot : outbox_.live()) {
        const Resumption resumption = after_connect(slot.exchange, slot.sent, session_present);
        if (resumption == Resumption::drop && limits_.republish && slot.length > 0) {
            outbox_.packet(slot)[0] &= static_cast<std::uint8_t>(~kDupFlag);
            slot.sent = false;
        } else if (resumption == Resumption::drop) {
            slot.lost = true;
        }
        slot.due = !slot.lost;
    }
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
        if (incoming_count_ == incoming_.size()) return fail(Fault::too_many_exactly_once);
        incoming_[incoming_count_++] = publish.packet_id;
    }
    queue_acknowledgement(PacketType::pubrec, publish.packet_id);
    return !known;
}

bool Session::on_publish(const Publish& publish, Effect& effect) noexcept {
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
    std::uint16_t packet_id = 0;
    if (const Fault fault = decode_packet_id(reader_.body(), packet_id); fault != Fault::none)
        return fail(fault);
    for (std::uint16_t& known : incoming_.first(incoming_count_)) {
        if (known != packet_id) continue;
        known = incoming_[--incoming_count_];
        break;
    }
    // Also when it is not known: our PUBCOMP was lost and the server releases a second time.
    queue_acknowledgement(PacketType::pubcomp, packet_id);
    return false;
}

bool Session::on_suback(Effect& effect) noexcept {
    Suback suback;
    if (const Fault fault = decode_suback(reader_.body(), suback); fault != Fault::none) return fail(fault);
    const Slot* slot = outbox_.find(suback.packet_id);
    if (slot != nullptr && slot->exchange == Exchange::awaiting_suback &&
        slot->filters != suback.codes.size()) {
        return fail(Fault::bad_return_code);  // [MQTT-3.8.4-5]
    }
    if (!settle(suback.packet_id, PacketType::suback, effect)) return false;
    effect.bytes = suback.codes;
    return true;
}

bool Session::on_acknowledgement(Effect& effect) noexcept {
    std::uint16_t packet_id = 0;
    if (const Fault fault = decode_packet_id(reader_.body(), packet_id); fault != Fault::none)
        return fail(fault);
    return settle(packet_id, reader_.header().type, effect);
}

bool Session::settle(std::uint16_t packet_id, PacketType answer, Effect& effect) noexcept {
    Slot* slot = outbox_.find(packet_id);
    if (slot == nullptr) {
        // The server may remember an exchange that we have forgotten: let it come to its end.
        if (answer == PacketType::puback || answer == PacketType::pubcomp) return false;
        if (answer != PacketType::pubrec) return fail(Fault::wrong_acknowledgement);
        queue_acknowledgement(PacketType::pubrel, packet_id);
        return false;
    }
    const Step step = after_acknowledgement(slot->exchange, answer);
    if (!slot->sent || step.outcome == Outcome::out_of_order) return fail(Fault::wrong_acknowledgement);
    if (step.outcome == Outcome::send_pubrel) {
        slot->exchange = step.next;
        slot->length = 0;  // [MQTT-4.3.3-1]: the message is the server's now, PUBLISH is never sent again
        slot->due = false;
        queue_acknowledgement(PacketType::pubrel, packet_id);
        return false;
    }
    effect.kind = answer == PacketType::suback     ? Effect::Kind::subscribed
                  : answer == PacketType::unsuback ? Effect::Kind::unsubscribed
                                                   : Effect::Kind::published;
    effect.packet_id = packet_id;
    outbox_.remove(*slot);
    return true;
}

}  // namespace countersign::mqtt
