#include "core/mqtt/outbox.h"

namespace countersign::mqtt {
namespace {

constexpr std::uint16_t kMaxPacketId = 65535;

// How many steps from one packet id up to another; after 65535 comes 1.
std::uint16_t steps(std::uint16_t from, std::uint16_t to) noexcept {
    return static_cast<std::uint16_t>(to > from ? to - from : to + kMaxPacketId - from);
}

std::uint16_t after(std::uint16_t packet_id) noexcept {
    return packet_id == kMaxPacketId ? std::uint16_t{1} : static_cast<std::uint16_t>(packet_id + 1);
}

}  // namespace

// The ids given last are all behind us, so a look at the live ones is good for a long way.
std::uint16_t Outbox::next_packet_id() noexcept {
    while (free_ids_ == 0) {
        std::uint16_t distance = kMaxPacketId;
        for (const Slot& slot : live()) {
            const std::uint16_t to_slot = steps(last_id_, slot.packet_id);
            if (to_slot < distance) distance = to_slot;
        }
        free_ids_ = static_cast<std::uint16_t>(distance - 1);
        if (free_ids_ == 0) last_id_ = after(last_id_);
    }
    --free_ids_;
    last_id_ = after(last_id_);
    return last_id_;
}

// The packets lie in a ring in the order they were made, each in one piece. Acknowledgements come mostly in
// that order too, so room is only taken back at the oldest end and nothing is ever moved.
std::span<std::uint8_t> Outbox::room(std::size_t size) noexcept {
    const std::span<const Slot> slots = live();
    std::size_t oldest = 0;
    while (oldest < slots.size() && slots[oldest].length == 0) ++oldest;
    std::size_t begin = 0;  // the free room is [begin, end)
    std::size_t end = store_.size();
    if (oldest < slots.size()) {
        std::size_t newest = slots.size() - 1;
        while (slots[newest].length == 0) --newest;
        begin = std::size_t{slots[newest].offset} + slots[newest].length;
        if (begin <= slots[oldest].offset) {
            end = slots[oldest].offset;
        } else if (end - begin < size) {
            begin = 0;  // what is left at the end of the ring is too short
            end = slots[oldest].offset;
        }
    }
    return end - begin >= size ? store_.subspan(begin, size) : std::span<std::uint8_t>{};
}

Slot& Outbox::add(std::uint16_t packet_id, Exchange exchange, Bytes packet) noexcept {
    if (begin_ + count_ == slots_.size()) {
        for (std::size_t i = 0; i < count_; ++i) slots_[i] = slots_[begin_ + i];
        begin_ = 0;
    }
    Slot& slot = slots_[begin_ + count_++];
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

// Mostly it is the oldest: then nothing is moved.
void Outbox::remove(Slot& slot) noexcept {
    if (slot.drop != Drop::none) --dropped_;
    const std::span<Slot> slots = live();
    std::size_t index = static_cast<std::size_t>(&slot - slots.data());
    if (index < first_due_) --first_due_;
    --count_;
    if (index == 0) {
        ++begin_;
        return;
    }
    for (; index < count_; ++index) slots[index] = slots[index + 1];
}

Slot* Outbox::next_due() noexcept {
    const std::span<Slot> slots = live();
    while (first_due_ < slots.size() && !slots[first_due_].due) ++first_due_;
    return first_due_ < slots.size() ? &slots[first_due_] : nullptr;
}

Slot* Outbox::next_dropped() noexcept {
    if (dropped_ == 0) return nullptr;
    for (Slot& slot : live()) {
        if (slot.drop != Drop::none) return &slot;
    }
    return nullptr;
}

void Outbox::drop(Slot& slot, Drop why) noexcept {
    if (slot.drop == Drop::none) ++dropped_;
    slot.drop = why;
    slot.due = false;
}

}  // namespace countersign::mqtt
