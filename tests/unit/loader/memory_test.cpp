#include "host/loader/memory.h"

#include <gtest/gtest.h>

namespace countersign::loader {
namespace {

TEST(MemoryDoubt, both_numbers_of_a_small_heap_are_named) {
    BoardFacts facts;
    facts.memory.heap = MemoryNeeds::kHeap - 1;
    EXPECT_EQ(doubt_about_memory(facts, "/dev/ttyUSB0"),
              "The board at /dev/ttyUSB0 has 39 kB free for Python; the program needs 40 kB.");
    facts.memory.heap = MemoryNeeds::kHeap;
    EXPECT_EQ(doubt_about_memory(facts, "/dev/ttyUSB0"), std::nullopt);
}

TEST(MemoryDoubt, so_are_those_of_what_wifi_and_tls_have) {
    BoardFacts facts;
    facts.memory.heap = MemoryNeeds::kHeap;
    facts.memory.idf = MemoryNeeds::kIdf - 1;
    EXPECT_EQ(
        doubt_about_memory(facts, "/dev/ttyUSB0"),
        "The board at /dev/ttyUSB0 has 47 kB free for Wi-Fi and TLS (ESP-IDF's heap); they need 48 kB.");
    facts.memory.idf = MemoryNeeds::kIdf;
    EXPECT_EQ(doubt_about_memory(facts, "/dev/ttyUSB0"), std::nullopt);
}

TEST(MemoryDoubt, a_board_that_does_not_say_is_not_doubted) {
    EXPECT_EQ(doubt_about_memory({}, "/dev/ttyUSB0"), std::nullopt);
}

}  // namespace
}  // namespace countersign::loader
