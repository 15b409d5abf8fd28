// What comes out of a session, one effect at a time.
#include "core/mqtt/encode.h"
#include "core/mqtt/session.h"

namespace countersign::mqtt {

// What is queued goes out before anything is read, so the answers to a packet always find the transmit buffer
// empty.
bool Session::next(Effect& effect) noexcept {
    effect = Effect{};
    for (;;) {
        if (next_queued(effect) || next_close(effect) || next_dropped(effect) || next_due(effect))
            return true;
        if (input_.empty()) return false;
        if (next_received(effect)) return true;
    }
}

bool Session::send(Effect& effect, Bytes bytes) noexcept {
    effect.kind = Effect::Kind::send;
    effect.bytes = bytes;
    last_sent_ = now_;
    return true;
}

bool Session::next_queued(Effect& effect) noexcept {
    if (emitted_ == queued_) {
        emitted_ = queued_ = 0;  // the bytes handed out last are no longer looked at
        return false;
    }
    const Bytes bytes = transmit_.subspan(emitted_, queued_ - emitted_);
    emitted_ = queued_;
    return send(effect, bytes);
}

bool Session::next_close(Effect& effect) noexcept {
    if (phase_ != Phase::closing) return false;
    effect.kind = Effect::Kind::close;
    effect.fault = fault_;
    transport_closed();
    return true;
}

bool Session::next_dropped(Effect& effect) noexcept {
    for (Slot& slot : outbox_.live()) {
        if (!slot.lost) continue;
        effect.kind = Effect::Kind::dropped;
        effect.packet_id = slot.packet_id;
        outbox_.remove(slot);
        return true;
    }
    return false;
}

// Messages leave in the order they were handed in: one that must wait for the window holds back those after
// it.
bool Session::next_due(Effect& effect) noexcept {
    if (phase_ != Phase::connected) return false;
    for (Slot& slot : outbox_.live()) {
        if (!slot.due) continue;
        if (!slot.sent && outbox_.in_flight() >= limits_.max_inflight) return false;
        slot.due = false;
        if (slot.exchange == Exchange::awaiting_pubcomp) {
            queue_acknowledgement(PacketType::pubrel, slot.packet_id);
            return next_queued(effect);
        }
        const std::span<std::uint8_t> packet = outbox_.packet(slot);
        if (slot.sent) packet[0] |= kDupFlag;  // [MQTT-3.3.1-1]
        slot.sent = true;
        return send(effect, packet);
    }
    return false;
}

void Session::queue_acknowledgement(PacketType type, std::uint16_t packet_id) noexcept {
    queue(encode_acknowledgement(type, packet_id, transmit_room()));
}

bool Session::next_received(Effect& effect) noexcept {
    switch (reader_.read(input_)) {
        case PacketReader::Result::packet: return on_packet(effect);
        case PacketReader::Result::oversize: return on_oversize(effect);
        case PacketReader::Result::fault: return fail(reader_.fault());
        case PacketReader::Result::need_more: return false;
    }
    return false;
}

}  // namespace countersign::mqtt
