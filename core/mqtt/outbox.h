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
    std::uint16_t packet_id = 0;
    std::uint16_t filters = 0;  // SUBSCRIBE: how many codes SUBACK must have
    Exchange exchange{};
    bool due = false;   // to be sent on this connection
    bool sent = false;  // has been sent, on this connection or an earlier one
    bool lost = false;  // to be dropped
};

class Outbox {
  public:
    Outbox(std::span<Slot> slots, std::span<std::uint8_t> store) noexcept : slots_(slots), store_(store) {}

    [[nodiscard]] bool full() const noexcept { return count_ == slots_.size(); }
    [[nodiscard]] std::span<Slot> live() noexcept { return slots_.first(count_); }
    [[nodiscard]] std::span<const Slot> live() const noexcept { return slots_.first(count_); }

    // A packet id that no live exchange has [MQTT-2.3.1-2]. Only while not full().
    [[nodiscard]] std::uint16_t next_packet_id() noexcept;
    // Room in one piece for a packet of this size; empty when there is none.
    [[nodiscard]] std::span<std::uint8_t> room(std::size_t size) noexcept;
    // Only while not full(). `packet` lies in what room() gave, or is empty.
    Slot& add(std::uint16_t packet_id, Exchange exchange, Bytes packet) noexcept;

    // A larger store takes over the packets, which stay where they are in it.
    void enlarge(std::span<std::uint8_t> store) noexcept {
        std::copy(store_.begin(), store_.end(), store.begin());
        store_ = store;
    }

    [[nodiscard]] Slot* find(std::uint16_t packet_id) noexcept;
    void remove(Slot& slot) noexcept;

    [[nodiscard]] std::span<std::uint8_t> packet(const Slot& slot) noexcept {
        return store_.subspan(slot.offset, slot.length);
    }
    // Messages sent and not yet fully acknowledged.
    [[nodiscard]] std::size_t in_flight() const noexcept;
    [[nodiscard]] std::size_t capacity() const noexcept { return store_.size(); }

  private:
    std::span<Slot> slots_;
    std::span<std::uint8_t> store_;
    std::size_t count_ = 0;  // the live slots come first, the oldest in front
    std::uint16_t last_id_ = 0;
};

}  // namespace countersign::mqtt
