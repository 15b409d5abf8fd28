#include "tests/unit/core/session_harness.h"

namespace countersign::mqtt::test {
namespace {

constexpr Millis kPingAfter = 52'500;  // 7/8 of 60 s

TEST(KeepAlive, mqtt_3_1_2_23_pings_in_time) {
    Harness harness;
    harness.connect();
    EXPECT_EQ(harness.session.deadline(), kPingAfter);
    harness.session.tick(kPingAfter - 1);
    EXPECT_THAT(harness.drain(), IsEmpty());
    harness.session.tick(kPingAfter);
    EXPECT_THAT(harness.drain(), ElementsAre("send c0 00"));
    EXPECT_EQ(harness.session.deadline(), kPingAfter + 10'000);
    EXPECT_THAT(harness.receive({0xD0, 0x00}, kPingAfter + 50), IsEmpty());
    EXPECT_EQ(harness.session.deadline(), 2 * kPingAfter);
}

TEST(KeepAlive, no_answer_means_the_server_is_gone) {
    Harness harness;
    harness.connect();
    harness.session.tick(kPingAfter);
    harness.drain();
    harness.session.tick(kPingAfter + 9'999);
    EXPECT_THAT(harness.drain(), IsEmpty());
    harness.session.tick(kPingAfter + 10'000);
    EXPECT_THAT(harness.drain(), ElementsAre("close keep_alive_timeout"));
}

TEST(KeepAlive, one_ping_at_a_time) {
    Harness harness;
    harness.connect();
    harness.session.tick(kPingAfter);
    EXPECT_EQ(harness.drain().size(), 1U);
    harness.session.tick(kPingAfter + 1);
    EXPECT_THAT(harness.drain(), IsEmpty());
}

TEST(KeepAlive, a_large_packet_on_a_slow_line_shows_that_the_server_lives) {
    Harness harness;
    harness.connect();
    harness.session.tick(kPingAfter);
    harness.drain();
    EXPECT_THAT(harness.receive({0x30, 0x40, 0x00}, kPingAfter + 9'000), IsEmpty());
    EXPECT_EQ(harness.session.deadline(), kPingAfter + 19'000);
}

TEST(KeepAlive, sending_alone_does_not_put_the_ping_off) {
    Harness harness;
    harness.connect();
    EXPECT_THAT(harness.receive({0x30, 0x03, 0x00, 0x01, 'a'}, 20'000), ElementsAre("message a qos0: "));
    harness.session.tick(30'000);
    ASSERT_EQ(harness.publish("a", "x", Qos::at_most_once).status, Status::ok);
    harness.drain();
    EXPECT_EQ(harness.session.deadline(), 20'000 + kPingAfter);  // nothing has been heard since then
}

TEST(KeepAlive, receiving_alone_does_not_put_the_ping_off) {
    Harness harness;
    harness.connect();
    EXPECT_EQ(harness.receive({0x30, 0x03, 0x00, 0x01, 'a'}, 20'000).size(), 1U);
    EXPECT_EQ(harness.session.deadline(), kPingAfter);
}

TEST(KeepAlive, zero_is_none) {
    Harness harness;
    ConnectOptions options;
    options.client_id = "d1";
    options.keep_alive_seconds = 0;
    ASSERT_EQ(harness.session.connect(0, options), Status::ok);
    harness.drain();
    harness.receive(connack());
    EXPECT_EQ(harness.session.deadline(), kNever);
    harness.session.tick(1'000'000'000);
    EXPECT_THAT(harness.drain(), IsEmpty());
}

}  // namespace
}  // namespace countersign::mqtt::test
