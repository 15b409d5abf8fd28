// The RISC-V board's memory as a whole, and the Wi-Fi driver that lives from it.
#include "device/board/rv32/chip.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

extern "C" {
#include "device/board/rv32/wifi.h"

// What wifi.c asks of the board.
uint64_t cpu_microseconds(void);
void net_add_buffer(unsigned id, void* buffer);
void net_link(bool is_up);
}

namespace {

constexpr std::uint64_t kSecond = 1'000'000;
std::uint64_t now = 0;
std::vector<void*> receive_buffers;
bool link_is_up = false;

std::uint32_t free_bytes(unsigned can = CHIP_DATA) {
    std::uint32_t free = 0;
    for (unsigned i = 0; i < CHIP_REGIONS; ++i)
        if (const region_t* region = chip_region(i, can)) free += region->free;
    return free;
}

std::vector<void*> take_all(std::size_t size, unsigned can = CHIP_DATA) {
    std::vector<void*> held;
    while (void* block = chip_alloc(size, can)) held.push_back(block);
    return held;
}

void give_back(const std::vector<void*>& held) {
    for (void* block : held) chip_free(block);
}

void wait(std::uint64_t microseconds) {
    now += microseconds;
    wifi_poll();
}

TEST(Chip, HasTheRegionsOfItsName) {
    chip_init("esp32");
    EXPECT_EQ(std::string(chip()->name), "esp32");
    EXPECT_EQ(chip_largest(CHIP_DATA), 110592U);
    chip_init("esp32-c3");
    EXPECT_EQ(chip()->python_heap, 65536U);
    EXPECT_EQ(chip_region(1, CHIP_DATA)->total, 116496U);
    chip_init("esp8266");
    EXPECT_EQ(std::string(chip()->name), "esp32-c3") << "the first one";
}

TEST(Chip, TakesFromTheFirstRegionWithRoomAndGivesBackToIt) {
    chip_init("esp32-c3");
    const auto before = free_bytes();
    void* first = chip_alloc(60000, CHIP_DATA);
    void* second = chip_alloc(60000, CHIP_DATA);
    EXPECT_TRUE(region_holds(chip_region(0, CHIP_DATA), first));
    EXPECT_TRUE(region_holds(chip_region(1, CHIP_DATA), second));
    chip_free(first);
    chip_free(second);
    EXPECT_EQ(free_bytes(), before);
    chip_free(nullptr);
}

TEST(Chip, GivesTheRadioNoRtcMemory) {
    chip_init("esp32-c3");
    const auto radio = take_all(16, CHIP_DATA | CHIP_DMA);
    EXPECT_EQ(chip_region(3, CHIP_DATA)->free, 5692U);
    EXPECT_NE(chip_alloc(16, CHIP_DATA), nullptr);
    give_back(radio);
}

// One life of the driver, step by step: its state is the board's, and lasts until a reset.

void finds_no_memory_for_its_first_needs() {
    const auto held = take_all(1000);
    EXPECT_FALSE(wifi_init());
    give_back(held);
    EXPECT_TRUE(receive_buffers.empty());
}

void takes_its_first_needs_once() {
    const auto before = free_bytes();
    ASSERT_TRUE(wifi_init());
    EXPECT_GT(before - free_bytes(), 30'000U);
    const auto initialized = free_bytes();
    ASSERT_TRUE(wifi_init());
    EXPECT_EQ(free_bytes(), initialized);
    EXPECT_EQ(receive_buffers.size(), static_cast<std::size_t>(WIFI_BUFFERS));
}

void never_associates_when_it_started_without_memory() {
    const auto initialized = free_bytes();
    const auto held = take_all(16, CHIP_DATA | CHIP_DMA);
    wifi_start();
    EXPECT_TRUE(wifi_is_started());
    give_back(held);
    wifi_connect();
    wait(kSecond);
    EXPECT_EQ(wifi_reason(), WIFI_NO_AP_FOUND);
    wait(5 * kSecond);
    EXPECT_FALSE(wifi_has_address()) << "whatever comes back later";
    EXPECT_TRUE(wifi_is_connecting());
    wifi_stop();
    EXPECT_EQ(free_bytes(), initialized);
}

// The access point is found, and there is no memory for what binds to it.
void tries_again_when_memory_comes_back() {
    wifi_start();
    const auto active = free_bytes();
    auto held = take_all(1700, CHIP_DATA | CHIP_DMA);
    const auto crumbs = take_all(12, CHIP_DATA | CHIP_DMA);
    for (int i = 0; i < 2; ++i, held.pop_back()) chip_free(held.back());
    wifi_connect();
    wait(kSecond);
    EXPECT_EQ(wifi_reason(), WIFI_AUTH_FAIL);
    give_back(held);
    give_back(crumbs);
    EXPECT_EQ(free_bytes(), active);
    wait(2 * kSecond);
    EXPECT_TRUE(wifi_has_address());
    EXPECT_TRUE(link_is_up);
    EXPECT_LT(free_bytes(), active);
}

void has_a_buffer_for_a_frame_while_there_is_memory() {
    void* frame = wifi_frame_alloc(1514);
    EXPECT_NE(frame, nullptr);
    wifi_frame_free(frame);
    const auto held = take_all(16, CHIP_DATA | CHIP_DMA);
    EXPECT_EQ(wifi_frame_alloc(60), nullptr);
    give_back(held);
}

TEST(Wifi, LivesFromTheChipsMemory) {
    chip_init("esp32-c3");
    ASSERT_NE(chip_alloc(chip()->python_heap, CHIP_DATA), nullptr);
    const auto before = free_bytes();
    finds_no_memory_for_its_first_needs();
    EXPECT_EQ(free_bytes(), before);
    takes_its_first_needs_once();
    const auto initialized = free_bytes();
    never_associates_when_it_started_without_memory();
    tries_again_when_memory_comes_back();
    EXPECT_GT(before - free_bytes(), 40'000U);
    has_a_buffer_for_a_frame_while_there_is_memory();
    wifi_stop();
    EXPECT_FALSE(link_is_up);
    EXPECT_EQ(free_bytes(), initialized) << "what esp_wifi_init took stays";
}

}  // namespace

uint64_t cpu_microseconds() {
    return now;
}
void net_add_buffer(unsigned, void* buffer) {
    receive_buffers.push_back(buffer);
}
void net_link(bool is_up) {
    link_is_up = is_up;
}
