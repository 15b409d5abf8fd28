// The ring of unacknowledged packets against a model: nothing overlaps, nothing is lost, nothing leaks.
#include "core/mqtt/outbox.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <vector>

namespace countersign::mqtt {
namespace {

constexpr std::size_t kStore = 40;

RC_GTEST_PROP(Outbox, PacketsKeepTheirBytesUntilTheyAreRemoved, ()) {
    std::array<Slot, 6> slots{};
    std::vector<std::uint8_t> store(kStore);
    Outbox outbox(slots, store);
    std::map<std::uint16_t, std::vector<std::uint8_t>> model;

    const auto steps = *rc::gen::container<std::vector<std::uint8_t>>(60, rc::gen::arbitrary<std::uint8_t>());
    for (const std::uint8_t step : steps) {
        if (step % 3 != 0 && !outbox.full()) {
            const std::size_t size = 1 + step % 17;
            const auto room = outbox.room(size);
            if (room.empty()) continue;
            std::fill(room.begin(), room.end(), step);
            const std::uint16_t id = outbox.next_packet_id();
            outbox.add(id, Exchange::awaiting_puback, room);
            RC_ASSERT(model.emplace(id, std::vector<std::uint8_t>(size, step)).second);
        } else if (!outbox.live().empty()) {
            Slot& slot = outbox.live()[step % outbox.live().size()];  // acknowledged in any order
            model.erase(slot.packet_id);
            outbox.remove(slot);
        }
        RC_ASSERT(outbox.live().size() == model.size());
        for (const Slot& slot : outbox.live()) {
            const auto packet = outbox.packet(slot);
            RC_ASSERT(std::vector<std::uint8_t>(packet.begin(), packet.end()) == model.at(slot.packet_id));
        }
    }
    while (!outbox.live().empty()) outbox.remove(outbox.live().back());
    RC_ASSERT(outbox.room(kStore).size() == kStore);
}

TEST(Outbox, UsesTheFrontAgainWhenTheEndIsTooShort) {
    std::array<Slot, 6> slots{};
    std::vector<std::uint8_t> store(10);
    Outbox outbox(slots, store);
    outbox.add(1, Exchange::awaiting_puback, outbox.room(4));
    outbox.add(2, Exchange::awaiting_puback, outbox.room(4));
    EXPECT_TRUE(outbox.room(3).empty());
    outbox.remove(*outbox.find(1));
    const auto front = outbox.room(4);
    EXPECT_EQ(front.data(), store.data());
    outbox.add(3, Exchange::awaiting_puback, front);
    EXPECT_TRUE(outbox.room(1).empty()) << "the ring is full";
    outbox.remove(*outbox.find(2));
    EXPECT_EQ(outbox.room(6).data(), store.data() + 4);
}

TEST(Outbox, PacketIdsGoRoundWithoutZero) {
    std::array<Slot, 2> slots{};
    Outbox outbox(slots, {});
    for (int i = 1; i <= 65535; ++i) ASSERT_EQ(outbox.next_packet_id(), i);
    EXPECT_EQ(outbox.next_packet_id(), 1);
}

}  // namespace
}  // namespace countersign::mqtt
