// What comes out of a session, one effect at a time.
#include <algorithm>

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
    transport_closed(blamed_);
    blamed_ = false;
    return true;
}

bool Session::next_dropped(Effect& effect) noexcept {
    Slot* slot = outbox_.next_dropped();
    if (slot == nullptr) return false;
    effect.kind = Effect::Kind::dropped;
    effect.packet_id = slot->packet_id;
    effect.drop = slot->drop;
    outbox_.remove(*slot);
    return true;
}

// Messages leave in the order they were handed in: one that must wait for the window holds back those after
// it. The window counts anew with every connection [5: MQTT-4.9.0-1].
bool Session::next_due(Effect& effect) noexcept {
    if (phase_ != Phase::connected) return false;
    Slot* slot = outbox_.next_due();
    if (slot == nullptr) return false;
    if (slot->exchange == Exchange::awaiting_pubcomp) {
        slot->due = false;
        queue_acknowledgement(PacketType::pubrel, slot->packet_id);
        return next_queued(effect);
    }
    if (!may_send(*slot)) return false;
    const std::span<std::uint8_t> packet = outbox_.packet(*slot);
    if (const Drop why = reason_to_drop(*slot, packet); why != Drop::none) {
        outbox_.drop(*slot, why);
        return next_dropped(effect);
    }
    if (slot->sent) packet[0] |= kDupFlag;  // [MQTT-3.3.1-1]
    slot->due = false;
    slot->sent = true;
    slot->in_window = true;
    ++in_flight_;
    return send(effect, packet);
}

bool Session::may_send(const Slot& slot) const noexcept {
    if (slot.hang_ups >= kSuspected) return in_flight_ == 0;
    const std::size_t window = std::min(limits_.max_inflight, server_.receive_maximum);
    return in_flight_ < window;
}

// It was taken when the server, or the time, was not known.
Drop Session::reason_to_drop(const Slot& slot, std::span<std::uint8_t> packet) const noexcept {
    if (version_ != Version::v5) return Drop::none;
    if (packet.size() > server_.maximum_packet_size) return Drop::too_large;  // [5: MQTT-3.2.2-15]
    if (qos_of(packet[0]) > server_.maximum_qos) return Drop::not_supported;  // [5: MQTT-3.2.2-11]
    const bool retain = (packet[0] & kRetainFlag) != 0;
    if (retain && !server_.retain_available) return Drop::not_supported;  // [5: MQTT-3.2.2-14]
    if (slot.sent) return Drop::none;  // sent again it is the same message (5: 4.4)
    return shorten_expiry(packet, now_in_seconds() - slot.made_at) ? Drop::none : Drop::expired;
}

void Session::queue_acknowledgement(PacketType type, std::uint16_t packet_id, ReasonCode reason) noexcept {
    queue(encode_acknowledgement(type, packet_id, transmit_room(), reason));
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
