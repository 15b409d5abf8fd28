// A region of the RISC-V board's memory, against figures of the official firmware on the chip.
#include "device/board/rv32/region.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <random>
#include <vector>

namespace {

class Region {
  public:
    explicit Region(std::uint32_t total) : memory_(total / 4) { region_init(&books_, memory_.data(), total); }

    void* alloc(std::size_t size) { return region_alloc(&books_, size); }
    void free(void* block) { region_free(&books_, block); }
    [[nodiscard]] std::uint32_t free_bytes() const { return books_.free; }
    [[nodiscard]] std::uint32_t least() const { return books_.least; }
    [[nodiscard]] std::size_t largest() const { return region_largest(&books_); }
    [[nodiscard]] bool sound() const { return region_is_sound(&books_); }
    [[nodiscard]] bool holds(const void* block) const { return region_holds(&books_, block); }

  private:
    std::vector<std::uint32_t> memory_;  // of its own size, so that the sanitizer guards its ends
    region_t books_{};
};

// What esp32.idf_heap_info said of untouched regions: total, free, largest.
TEST(Region, IsAsLargeAsTheChipSaysWhenNothingIsTaken) {
    struct Measured {
        std::uint32_t total, free;
        std::size_t largest;
    };
    for (const auto& [total, free, largest] :
         {Measured{113840, 112968, 110592}, Measured{15072, 14656, 14336}}) {
        const Region region(total);
        EXPECT_EQ(region.free_bytes(), free);
        EXPECT_EQ(region.largest(), largest);
        EXPECT_EQ(region.least(), free);
    }
    EXPECT_EQ(Region(10576).free_bytes(), 10160U);
}

// MicroPython's heap grew by 65,536 bytes and then by all that was left: 928 bytes were free behind it.
TEST(Region, LeavesWhatTheChipLeftWhenTheHeapHadGrownTwice) {
    Region region(116496);
    ASSERT_NE(region.alloc(65536), nullptr);
    EXPECT_EQ(region.largest(), 49152U);
    ASSERT_NE(region.alloc(region.largest()), nullptr);
    EXPECT_EQ(region.free_bytes(), 928U);
    EXPECT_TRUE(region.sound());
}

TEST(Region, GivesTheLargestBlockItNamesAndNotOneByteMore) {
    Region region(116496);
    std::vector<void*> held;
    for (int i = 0; i < 20; ++i) held.push_back(region.alloc(static_cast<std::size_t>(100 + 977 * (i % 5))));
    for (std::size_t i = 0; i < held.size(); i += 3) region.free(held[i]);
    const auto largest = region.largest();
    ASSERT_GT(largest, 65536U);
    EXPECT_EQ(region.alloc(largest + 1), nullptr);
    EXPECT_NE(region.alloc(largest), nullptr);
    EXPECT_TRUE(region.sound());
}

TEST(Region, HasNothingWhenItIsFull) {
    Region region(10576);
    while (region.alloc(12) != nullptr) {
    }
    EXPECT_EQ(region.free_bytes(), 4U) << "what the chip says of a full region";
    EXPECT_EQ(region.largest(), 0U);
    EXPECT_EQ(region.alloc(1), nullptr);
    EXPECT_TRUE(region.sound());
}

TEST(Region, RefusesNothingAndTooMuch) {
    Region region(10576);
    EXPECT_EQ(region.alloc(0), nullptr);
    EXPECT_EQ(region.alloc(10576), nullptr);
    EXPECT_EQ(region.alloc(SIZE_MAX), nullptr);
    EXPECT_EQ(region.alloc(1U << 31), nullptr);
    EXPECT_EQ(region.free_bytes(), 10160U);
}

TEST(Region, JoinsNeighboursInWhateverOrderTheyAreFreed) {
    std::vector<std::size_t> order{0, 1, 2, 3};
    do {
        Region region(10576);
        std::vector<void*> blocks;
        for (int i = 0; i < 4; ++i) blocks.push_back(region.alloc(1000));
        for (const auto i : order) {
            region.free(blocks[i]);
            ASSERT_TRUE(region.sound());
        }
        EXPECT_EQ(region.free_bytes(), 10160U);
        EXPECT_EQ(region.largest(), 9216U);
    } while (std::next_permutation(order.begin(), order.end()));
}

TEST(Region, RemembersTheLeastThatWasFree) {
    Region region(10576);
    void* block = region.alloc(4096);
    const auto low = region.free_bytes();
    region.free(block);
    EXPECT_EQ(region.free_bytes(), 10160U);
    EXPECT_EQ(region.least(), low);
}

TEST(Region, KnowsItsOwnBlocks) {
    Region one(10576), other(10576);
    void* block = one.alloc(100);
    EXPECT_TRUE(one.holds(block));
    EXPECT_FALSE(other.holds(block));
}

// A thousand blocks come and go; none reaches into another, and the books are right all the while.
TEST(Region, KeepsEveryBlocksBytes) {
    for (unsigned seed = 1; seed <= 20; ++seed) {
        std::mt19937 random(seed);
        Region region(seed % 2 != 0 ? 116496 : 15072);
        const auto untouched = region.free_bytes();
        std::map<void*, std::pair<std::size_t, int>> held;
        for (int i = 0; i < 1000; ++i) {
            if (random() % 100 < 55) {
                const std::size_t size = 1 + random() % (random() % 8 == 0 ? 6000U : 200U);
                void* block = region.alloc(size);
                if (block == nullptr) continue;
                ASSERT_EQ(reinterpret_cast<std::uintptr_t>(block) % 4, 0U);
                ASSERT_GE(region_block_size(block), size);
                std::memset(block, i & 0xff, region_block_size(block));
                held[block] = {region_block_size(block), i & 0xff};
            } else if (!held.empty()) {
                const auto at = std::next(held.begin(), static_cast<long>(random() % held.size()));
                const auto* bytes = static_cast<const unsigned char*>(at->first);
                for (std::size_t j = 0; j < at->second.first; ++j) ASSERT_EQ(bytes[j], at->second.second);
                region.free(at->first);
                held.erase(at);
            }
            ASSERT_TRUE(region.sound()) << "seed " << seed << ", step " << i;
        }
        for (const auto& [block, what] : held) region.free(block);
        EXPECT_EQ(region.free_bytes(), untouched);
        EXPECT_TRUE(region.sound());
    }
}

}  // namespace
