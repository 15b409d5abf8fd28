// What a device asks of its session: nothing is given up, a dead line is noticed early, memory grows when
// needed.
#include <string>
#include <vector>

#include "tests/unit/core/session_harness.h"

namespace countersign::mqtt::test {
namespace {

Sizes with(const Limits& limits) {
    Sizes sizes;
    sizes.limits = limits;
    return sizes;
}

TEST(Republish, a_message_the_server_has_forgotten_goes_out_as_new) {
    Harness harness(with({.republish = true}));
    harness.connect(false);
    ASSERT_EQ(harness.publish("a", "x", Qos::at_least_once).packet_id, 1);
    ASSERT_EQ(harness.publish("a", "y", Qos::exactly_once).packet_id, 2);
    harness.drain();
    harness.session.transport_closed();
    harness.reconnect(true);  // sets DUP
    harness.session.transport_closed();
    EXPECT_THAT(harness.reconnect(false),
                ElementsAre("send 32 06 00 01 61 00 01 78", "send 34 06 00 01 61 00 02 79"));
    EXPECT_THAT(harness.receive(answer(0x40, 1)), ElementsAre("published 1"));
}

TEST(Republish, what_the_server_had_taken_over_is_dropped) {
    Harness harness(with({.republish = true}));
    harness.connect(false);
    ASSERT_EQ(harness.publish("a", "x", Qos::exactly_once).packet_id, 1);
    harness.drain();
    harness.receive(answer(0x50, 1));  // PUBREC: we hold the message no more
    harness.session.transport_closed();
    EXPECT_THAT(harness.reconnect(false), ElementsAre("dropped 1"));
}

TEST(Unanswered, a_message_without_an_answer_makes_it_ping) {
    Harness harness(with({.unanswered = 5'000}));
    harness.connect();
    EXPECT_EQ(harness.session.deadline(), 52'500U);
    harness.session.tick(20'000);
    ASSERT_EQ(harness.publish("a", "x", Qos::at_least_once).packet_id, 1);
    harness.drain();
    EXPECT_EQ(harness.session.deadline(), 25'000U);
    harness.session.tick(25'000);
    EXPECT_THAT(harness.drain(), ElementsAre("send c0 00"));
    EXPECT_THAT(harness.receive({0xD0, 0x00}, 25'050), IsEmpty());
    EXPECT_EQ(harness.session.deadline(), 30'050U);
    EXPECT_THAT(harness.receive(answer(0x40, 1), 25'060), ElementsAre("published 1"));
    EXPECT_EQ(harness.session.deadline(), 25'000U + 52'500U);
}

TEST(KeepAlive, half_of_a_short_one_is_enough_for_pingresp) {
    Harness harness;
    ConnectOptions options;
    options.client_id = "d1";
    options.keep_alive_seconds = 8;
    ASSERT_EQ(harness.session.connect(0, options), Status::ok);
    harness.drain();
    harness.receive(connack());
    harness.session.tick(7'000);
    EXPECT_THAT(harness.drain(), ElementsAre("send c0 00"));
    EXPECT_EQ(harness.session.deadline(), 11'000U);
}

TEST(Enlarge, what_is_under_way_stays_and_more_fits) {
    Harness harness;
    harness.connect();
    const std::string large(300, 'x');
    ASSERT_EQ(harness.publish("a", "1", Qos::at_least_once).packet_id, 1);
    ASSERT_EQ(harness.publish("b", "2", Qos::at_most_once).status, Status::ok);
    EXPECT_EQ(harness.publish("a", large, Qos::at_least_once).status, Status::too_large);
    EXPECT_EQ(harness.publish("a", large, Qos::at_most_once).status, Status::too_large);
    std::vector<std::uint8_t> transmit(400);
    std::vector<std::uint8_t> store(400);
    harness.session.enlarge(transmit, store);
    EXPECT_EQ(harness.publish("a", large, Qos::at_least_once).packet_id, 2);
    EXPECT_EQ(harness.publish("a", large, Qos::at_most_once).status, Status::ok);
    const Lines lines = harness.drain();
    ASSERT_EQ(lines.size(), 3U);  // QoS 0 first, as one
    EXPECT_EQ(lines[0].substr(0, 26), "send 30 04 00 01 62 32 30 ");
    EXPECT_EQ(lines[1], "send 32 06 00 01 61 00 01 31");
    EXPECT_EQ(lines[2].substr(0, 29), "send 32 b1 02 00 01 61 00 02 ");
}

}  // namespace
}  // namespace countersign::mqtt::test
