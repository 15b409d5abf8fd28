#include "host/broker/quotas.h"

#include <gtest/gtest.h>

namespace countersign::broker {
namespace {

constexpr std::int64_t kSecond = 1000;

TEST(TokenBucket, gives_a_burst_and_then_so_much_a_second) {
    TokenBucket bucket;
    const Rate rate{2, 5};
    for (int i = 0; i < 5; ++i) {
        ASSERT_TRUE(bucket.has(rate, 1, 0));
        bucket.take(rate, 1, 0);
    }
    EXPECT_FALSE(bucket.has(rate, 1, 0));
    EXPECT_FALSE(bucket.has(rate, 1, 499));
    EXPECT_TRUE(bucket.has(rate, 1, 500));
    EXPECT_TRUE(bucket.full(rate, 3000));
    EXPECT_FALSE(bucket.has(rate, 6, 1'000'000)) << "never more than a burst";
}

TEST(TokenBucket, a_clock_that_goes_back_gives_nothing) {
    TokenBucket bucket;
    const Rate rate{1, 1};
    ASSERT_TRUE(bucket.has(rate, 1, 5000));
    bucket.take(rate, 1, 5000);
    EXPECT_FALSE(bucket.has(rate, 1, 0));
    EXPECT_FALSE(bucket.has(rate, 1, 5999));
    EXPECT_TRUE(bucket.has(rate, 1, 6000));
}

TEST(Quotas, a_device_publishes_a_burst_and_then_at_its_pace_however_often_it_reconnects) {
    Quotas quotas;
    const Limits& limits = limits_of(Role::device);
    const Message message{"devices/kitchen/x", 10, false};
    int taken = 0;
    for (int i = 0; i < 30'000; ++i)
        taken += quotas.publish("kitchen", Role::device, message, 0) == Excess::none ? 1 : 0;
    EXPECT_EQ(taken, static_cast<int>(limits.messages.burst));
    EXPECT_EQ(quotas.publish("kitchen", Role::device, message, 0), Excess::rate);
    EXPECT_EQ(quotas.publish("garage", Role::device, message, 0), Excess::none);
    taken = 0;
    for (int i = 0; i < 30'000; ++i)
        taken += quotas.publish("kitchen", Role::device, message, kSecond) == Excess::none ? 1 : 0;
    EXPECT_EQ(taken, static_cast<int>(limits.messages.per_second));
}

TEST(Quotas, bytes_have_a_pace_too) {
    Quotas quotas;
    const Message message{"devices/kitchen/x", 1 << 20, false};
    int taken = 0;
    for (int i = 0; i < 1000; ++i)
        taken += quotas.publish("kitchen", Role::device, message, 0) == Excess::none ? 1 : 0;
    EXPECT_EQ(taken, 31) << "32 MiB, and the topics are counted";
}

TEST(Quotas, sizes_are_bounded_by_role) {
    Quotas quotas;
    const std::string far(513, 'x');
    EXPECT_EQ(quotas.publish("kitchen", Role::device, {far, 1, false}, 0), Excess::topic);
    EXPECT_EQ(quotas.publish("kitchen", Role::device, {"t", (1 << 20) + 1, false}, 0), Excess::payload);
    EXPECT_EQ(quotas.publish("birth~kitchen", Role::birth, {"t", (16 << 10) + 1, false}, 0), Excess::payload);
    EXPECT_EQ(quotas.publish("operator~anna", Role::operator_, {far, 8 << 20, true}, 0), Excess::none);
    EXPECT_EQ(quotas.clients(), 0u) << "nothing is kept of what was refused or has no limit";
}

TEST(Quotas, retained_topics_are_counted_once_and_given_back) {
    Quotas quotas;
    const std::size_t most = limits_of(Role::device).retained_topics;
    const auto retain = [&](std::size_t i, std::size_t bytes) {
        return quotas.publish("kitchen", Role::device, {"t" + std::to_string(i), bytes, true}, 0);
    };
    for (std::size_t i = 0; i < most; ++i) ASSERT_EQ(retain(i, 10), Excess::none) << i;
    EXPECT_EQ(retain(most, 10), Excess::retained);
    EXPECT_EQ(retain(0, 20), Excess::none) << "what is there already may be written again";
    EXPECT_EQ(retain(most, 0), Excess::none) << "removing what is not there is no harm";
    EXPECT_EQ(retain(most, 10), Excess::retained);
    EXPECT_EQ(retain(5, 0), Excess::none);
    EXPECT_EQ(retain(most, 10), Excess::none);
    EXPECT_EQ(quotas.publish("kitchen", Role::device, {"u", 10, false}, 0), Excess::none);
}

TEST(Quotas, retained_bytes_are_counted_with_their_topics) {
    Quotas quotas;
    const auto retain = [&](std::string_view topic, std::size_t bytes) {
        return quotas.publish("kitchen", Role::device, {topic, bytes, true}, 0);
    };
    EXPECT_EQ(retain("abcd", (1 << 20) - 4), Excess::none);
    EXPECT_EQ(retain("x", 1), Excess::retained);
    EXPECT_EQ(retain("abcd", (1 << 20) - 6), Excess::none);
    EXPECT_EQ(retain("x", 1), Excess::none);
    EXPECT_EQ(retain("abcd", (1 << 20) - 5), Excess::retained) << "grown beyond what is left";
}

TEST(Quotas, what_was_retained_before_the_brokers_start_counts_once_it_is_seen) {
    Quotas quotas;
    const std::size_t most = limits_of(Role::device).retained_topics;
    for (int round = 0; round < 2; ++round) {
        for (std::size_t i = 0; i < most + 10; ++i)
            quotas.retained("kitchen", Role::device, {"t" + std::to_string(i), 10, true});
    }
    EXPECT_EQ(quotas.publish("kitchen", Role::device, {"new", 1, true}, 0), Excess::retained);
    EXPECT_EQ(quotas.publish("kitchen", Role::device, {"t3", 1, true}, 0), Excess::none);
}

TEST(Quotas, a_topic_that_somebody_else_clears_is_given_back) {
    Quotas quotas;
    const std::size_t most = limits_of(Role::device).retained_topics;
    for (std::size_t i = 0; i < most; ++i)
        (void)quotas.publish("kitchen", Role::device, {"devices/kitchen/" + std::to_string(i), 1, true}, 0);
    quotas.cleared("devices/kitchen/7");
    quotas.cleared("devices/garage/7");
    quotas.cleared("other");
    EXPECT_EQ(quotas.publish("kitchen", Role::device, {"devices/kitchen/new", 1, true}, 0), Excess::none);
    EXPECT_EQ(quotas.publish("kitchen", Role::device, {"devices/kitchen/newer", 1, true}, 0),
              Excess::retained);
}

TEST(Quotas, whoever_has_nothing_on_his_account_is_forgotten) {
    Quotas quotas;
    for (int i = 0; i < 100; ++i)
        (void)quotas.publish("d" + std::to_string(i), Role::device, {"t", 1, i == 7}, 0);
    EXPECT_EQ(quotas.clients(), 100u);
    quotas.forget_idle(0);
    EXPECT_EQ(quotas.clients(), 100u);
    quotas.forget_idle(60 * kSecond);
    EXPECT_EQ(quotas.clients(), 1u) << "the one with something retained";
}

TEST(Subscriptions, are_bounded_in_number_and_length) {
    Subscriptions session;
    const std::size_t most = limits_of(Role::device).subscriptions;
    for (std::size_t i = 0; i < most; ++i)
        ASSERT_EQ(session.ask(Role::device, "f" + std::to_string(i), i), Excess::none);
    EXPECT_EQ(session.ask(Role::device, "one more", most), Excess::subscriptions);
    EXPECT_EQ(session.ask(Role::device, "f3", most), Excess::none) << "asked for again";
    EXPECT_EQ(Subscriptions().ask(Role::device, std::string(513, 'x'), 0), Excess::topic);
    EXPECT_EQ(Subscriptions().ask(Role::device, "f", 4 * most), Excess::none);
    EXPECT_EQ(Subscriptions().ask(Role::device, "f", 4 * most + 1), Excess::subscriptions)
        << "collected over many connections";
    EXPECT_EQ(session.ask(Role::operator_, "one more", most), Excess::none);
}

}  // namespace
}  // namespace countersign::broker
