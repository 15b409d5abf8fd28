#include "host/transport/backoff.h"

#include <gtest/gtest.h>

#include <vector>

namespace countersign::transport {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::uint32_t kLast = 0xFFFF'FFFF;

Backoff with_random(const std::uint32_t& value) {
    return {seconds(1), minutes(5), minutes(1), minutes(1), [&value] { return value; }};
}

const Backoff::Time kStart{};

TEST(Backoff, WaitsBelowACeilingThatDoubles) {
    std::uint32_t random = 0;
    auto backoff = with_random(random);
    for (const int ceiling : {1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300}) {
        random = static_cast<std::uint32_t>(ceiling) * 1000;  // the greatest wait of [0, ceiling]
        EXPECT_EQ(backoff.next(kStart), seconds(ceiling));
    }
    random = 0;
    EXPECT_EQ(backoff.next(kStart), milliseconds(0));
    random = kLast;
    EXPECT_LE(backoff.next(kStart), minutes(5));
}

TEST(Backoff, IsSpreadOverTheWholeRange) {
    std::vector<milliseconds> waits;
    for (std::uint32_t random = 0; random < 10'010; random += 10) {
        auto backoff = with_random(random);
        waits.push_back(backoff.next(kStart));
    }
    const auto below_half =
        std::count_if(waits.begin(), waits.end(), [](auto wait) { return wait < milliseconds(500); });
    EXPECT_NEAR(static_cast<double>(below_half) / static_cast<double>(waits.size()), 0.5, 0.01);
}

TEST(Backoff, AConnectionThatLastedBeginsAnew) {
    const std::uint32_t random = 1000;
    auto backoff = with_random(random);
    for (int i = 0; i < 5; ++i) (void)backoff.next(kStart);
    backoff.connected(kStart);
    EXPECT_EQ(backoff.next(kStart + seconds(60)), seconds(1));  // of a ceiling of 1 s: 1000 % 1001
}

TEST(Backoff, AConnectionThatDidNotLastDoesNot) {
    std::uint32_t random = 0;
    auto backoff = with_random(random);
    for (int i = 0; i < 4; ++i) (void)backoff.next(kStart);
    backoff.connected(kStart);
    random = 16'000;
    EXPECT_EQ(backoff.next(kStart + milliseconds(59'999)), seconds(16));
    // and what came before it counts no second time
    random = 32'000;
    EXPECT_EQ(backoff.next(kStart + minutes(10)), seconds(32));
}

// A minute at most, however many of them there were.
TEST(Backoff, WhatSomebodyMustCureIsLookedAtAgainSoonEnough) {
    const std::uint32_t random = 60'000;
    auto backoff = with_random(random);
    for (int i = 0; i < 20; ++i) EXPECT_EQ(backoff.next_for_cure(), minutes(1));
    const std::uint32_t last = kLast;
    auto anywhere = with_random(last);
    EXPECT_LE(anywhere.next_for_cure(), minutes(1));
}

// The wrong brokers that were there meanwhile must not make the right one wait: what answers is at work.
TEST(Backoff, AfterSuchAFaultTheWaitsBeginAnew) {
    std::uint32_t random = 0;
    auto backoff = with_random(random);
    for (int i = 0; i < 12; ++i) (void)backoff.next(kStart);
    for (int i = 0; i < 3; ++i) (void)backoff.next_for_cure();
    random = 1000;
    EXPECT_EQ(backoff.next(kStart + seconds(15)), seconds(1));
}

TEST(Backoff, IsNeverLongerThanTheLastCeiling) {
    Backoff impatient(seconds(1), seconds(30), minutes(1), minutes(1), [] { return kLast; });
    for (int i = 0; i < 20; ++i) {
        EXPECT_LE(impatient.next(kStart), seconds(30));
        EXPECT_LE(impatient.next_for_cure(), seconds(30));
    }
}

TEST(Backoff, BeginsAnewWhenTold) {
    const std::uint32_t random = 1000;
    auto backoff = with_random(random);
    for (int i = 0; i < 5; ++i) (void)backoff.next(kStart);
    backoff.begin_anew();
    EXPECT_EQ(backoff.next(kStart), seconds(1));
}

}  // namespace
}  // namespace countersign::transport
