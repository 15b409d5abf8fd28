// Our own packet ids and the packets that are kept until they are acknowledged, in the order they were made.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/mqtt/exchange.h"
#include "core/mqtt/types.h"

namespace countersign::mqtt {

// One exchange of ours. Its packet lies in the store, or is already the server's (length 0).
struct Slot {
    std::uint32_t offset = 0;
    std::uint32_t length = 0;
    std::uint32_t made_at = 0;  // seconds of the session's clock, for message expiry
    std::uint16_t packet_id = 0;
    std::uint16_t filters = 0;  // SUBSCRIBE: how many codes SUBACK must have; UNSUBSCRIBE of 5 likewise
    Exchange exchange{};
    std::uint8_t hang_ups = 0;  // so often running the server has hung up while it was on its way
    bool due = false;           // to be sent on this connection
    bool sent = false;          // has been sent, on this connection or an earlier one
    bool in_window = false;     // a PUBLISH sent on this connection, of those that the window bounds
    Drop drop = Drop::none;     // to be dropped, and why
};

class Outbox {
  public:
    Outbox(std::span<Slot> slots, std::span<std::uint8_t> store) noexcept : slots_(slots), store_(store) {}

    [[nodiscard]] bool full() const noexcept { return count_ == slots_.size(); }
    [[nodiscard]] std::span<Slot> live() noexcept { return slots_.subspan(begin_, count_); }
    [[nodiscard]] std::span<const Slot> live() const noexcept { return slots_.subspan(begin_, count_); }

    // A packet id that no live exchange has [MQTT-2.3.1-2]. Only while not full().
    [[nodiscard]] std::uint16_t next_packet_id() noexcept;
    // Room in one piece for a packet of this size; empty when there is none.
    [[nodiscard]] std::span<std::uint8_t> room(std::size_t size) noexcept;
    // Only while not full(). `packet` lies in what room() gave, or is empty. Moves the other slots.
    Slot& add(std::uint16_t packet_id, Exchange exchange, Bytes packet) noexcept;

    // A larger store takes over the packets, which stay where they are in it.
    void enlarge(std::span<std::uint8_t> store) noexcept {
        std::copy(store_.begin(), store_.end(), store.begin());
        store_ = store;
    }

    [[nodiscard]] Slot* find(std::uint16_t packet_id) noexcept;
    void remove(Slot& slot) noexcept;  // moves the other slots

    // The oldest one that is due, or to be dropped; nullptr: there is none.
    [[nodiscard]] Slot* next_due() noexcept;
    [[nodiscard]] Slot* next_dropped() noexcept;
    void drop(Slot& slot, Drop why) noexcept;
    // Everything may have become due again.
    void look_again() noexcept { first_due_ = 0; }

    [[nodiscard]] std::span<std::uint8_t> packet(const Slot& slot) noexcept {
        return store_.subspan(slot.offset, slot.length);
    }
    [[nodiscard]] std::size_t capacity() const noexcept { return store_.size(); }

  private:
    std::span<Slot> slots_;
    std::span<std::uint8_t> store_;
    std::size_t begin_ = 0;  // the live slots lie in one piece, the oldest in front
    std::size_t count_ = 0;
    std::size_t first_due_ = 0;  // no live slot before this one is due
    std::size_t dropped_ = 0;    // how many are to be dropped
    std::uint16_t last_id_ = 0;
    std::uint16_t free_ids_ = 0;  // so many after the last are free, without looking
};

}  // namespace countersign::mqtt
