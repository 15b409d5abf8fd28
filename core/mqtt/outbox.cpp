#include "core/mqtt/outbox.h"

namespace countersign::mqtt {
namespace {

constexpr std::uint16_t kMaxPacketId = 65535;

}  // namespace

std::uint16_t Outbox::next_packet_id() noexcept {
    do {
        last_id_ = last_id_ == kMaxPacketId ? std::uint16_t{1} : static_cast<std::uint16_t>(last_id_ + 1);
    } while (find(last_id_) != nullptr);
    return last_id_;
}

// The packets lie in a ring in the order they were made, each in one piece. Acknowledgements come mostly in
// that order too, so room is only taken back at the oldest end and nothing is ever moved.
std::span<std::uint8_t> Outbox::room(std::size_t size) noexcept {
    const Slot* oldest = nullptr;
    const Slot* newest = nullptr;
    for (const Slot& slot : live()) {
        if (slot.length == 0) continue;
        if (oldest == nullptr) oldest = &slot;
        newest = &slot;
    }
    std::size_t begin = 0;  // the free room is [begin, end)
    std::size_t end = store_.size();
    if (oldest != nullptr) {
        begin = std::size_t{newest->offset} + newest->length;
        if (begin <= oldest->offset) {
            end = oldest->offset;
        } else if (end - begin < size) {
            begin = 0;  // what is left at the end of the ring is too short
            end = oldest->offset;
        }
    }
    return end - begin >= size ? store_.subspan(begin, size) : std::span<std::uint8_t>{};
}

Slot& Outbox::add(std::uint16_t packet_id, Exchange exchange, Bytes packet) noexcept {
    Slot& slot = slots_[count_++];
    slot = Slot{};
    slot.packet_id = packet_id;
    slot.exchange = exchange;
    slot.length = static_cast<std::uint32_t>(packet.size());
    if (!packet.empty()) slot.offset = static_cast<std::uint32_t>(packet.data() - store_.data());
    return slot;
}

Slot* Outbox::find(std::uint16_t packet_id) noexcept {
    for (Slot& slot : live()) {
        if (slot.packet_id == packet_id) return &slot;
    }
    return nullptr;
}

void Outbox::remove(Slot& slot) noexcept {
    std::size_t index = static_cast<std::size_t>(&slot - slots_.data());
    for (--count_; index < count_; ++index) slots_[index] = slots_[index + 1];
}

std::size_t Outbox::in_flight() const noexcept {
    std::size_t count = 0;
    for (const Slot& slot : live()) {
        const bool subscription =
            slot.exchange == Exchange::awaiting_suback || slot.exchange == Exchange::awaiting_unsuback;
        if (slot.sent && !subscription) ++count;
    }
    return count;
}

}  // namespace countersign::mqtt
