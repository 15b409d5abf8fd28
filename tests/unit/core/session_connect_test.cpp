#include <string>

#include "tests/unit/core/session_harness.h"

namespace countersign::mqtt::test {
namespace {

// CONNECT of client "d1", keepalive 60 s: type, length 14, "MQTT", level 4, flags, 0x003c, client id
constexpr const char* kConnectClean = "send 10 0e 00 04 4d 51 54 54 04 02 00 3c 00 02 64 31";
constexpr const char* kConnectKept = "send 10 0e 00 04 4d 51 54 54 04 00 00 3c 00 02 64 31";

ConnectOptions options_of(bool clean_session) {
    ConnectOptions options;
    options.client_id = "d1";
    options.clean_session = clean_session;
    return options;
}

TEST(Connect, accepted) {
    Harness harness;
    ASSERT_EQ(harness.session.connect(0, options_of(true)), Status::ok);
    EXPECT_THAT(harness.drain(), ElementsAre(kConnectClean));  // the first packet [MQTT-3.1.0-1]
    EXPECT_FALSE(harness.session.connected());
    EXPECT_THAT(harness.receive(connack()), ElementsAre("connected"));
    EXPECT_TRUE(harness.session.connected());
}

TEST(Connect, mqtt_3_2_2_2_session_present) {
    Harness harness;
    ASSERT_EQ(harness.session.connect(0, options_of(false)), Status::ok);
    EXPECT_THAT(harness.drain(), ElementsAre(kConnectKept));  // Clean Session 0 [MQTT-3.1.2-4]
    EXPECT_THAT(harness.receive(connack(1)), ElementsAre("connected session"));
}

class Refusals : public testing::TestWithParam<std::pair<std::uint8_t, const char*>> {};

TEST_P(Refusals, mqtt_3_2_2_5_close_follows) {
    Harness harness;
    ASSERT_EQ(harness.session.connect(0, options_of(false)), Status::ok);
    harness.drain();
    EXPECT_THAT(harness.receive(connack(0, GetParam().first)),
                ElementsAre("refused " + std::string(GetParam().second), "close refused"));
    EXPECT_FALSE(harness.session.connected());
}

// 3.1.1's return codes (table 3.1) and the MQTT 5 reason codes that name the same (table 2.6)
INSTANTIATE_TEST_SUITE_P(ReturnCodes, Refusals,
                         testing::Values(std::pair{std::uint8_t{1}, "84"}, std::pair{std::uint8_t{2}, "85"},
                                         std::pair{std::uint8_t{3}, "88"}, std::pair{std::uint8_t{4}, "86"},
                                         std::pair{std::uint8_t{5}, "87"}));

TEST(Connect, mqtt_3_2_2_4_no_session_present_with_a_refusal) {
    Harness harness;
    ASSERT_EQ(harness.session.connect(0, options_of(false)), Status::ok);
    harness.drain();
    EXPECT_THAT(harness.receive(connack(1, 5)), ElementsAre("close bad_session_present"));
}

TEST(Connect, mqtt_3_1_0_2_not_twice) {
    Harness harness;
    harness.connect();
    EXPECT_EQ(harness.session.connect(0, options_of(true)), Status::not_connected);
    EXPECT_THAT(harness.drain(), IsEmpty());
}

TEST(Connect, bad_arguments_send_nothing) {
    Harness harness;
    ConnectOptions options = options_of(false);
    options.client_id = "";
    EXPECT_EQ(harness.session.connect(0, options), Status::bad_argument);
    EXPECT_THAT(harness.drain(), IsEmpty());
    EXPECT_EQ(harness.session.connect(0, options_of(false)), Status::ok);
}

TEST(Connect, larger_than_the_transmit_buffer) {
    Harness harness;
    const std::string id(200, 'i');
    ConnectOptions options = options_of(true);
    options.client_id = id;
    EXPECT_EQ(harness.session.connect(0, options), Status::too_large);
    EXPECT_EQ(harness.session.connect(0, options_of(true)), Status::ok);
}

TEST(Connect, no_connack_in_time) {
    Harness harness;
    ASSERT_EQ(harness.session.connect(1000, options_of(true)), Status::ok);
    harness.drain();
    EXPECT_EQ(harness.session.deadline(), 11000U);
    harness.session.tick(10999);
    EXPECT_THAT(harness.drain(), IsEmpty());
    harness.session.tick(11000);
    EXPECT_THAT(harness.drain(), ElementsAre("close connect_timeout"));
    EXPECT_EQ(harness.session.deadline(), kNever);
}

TEST(Connect, half_a_connack_does_not_put_the_timeout_off) {
    Harness harness;
    ASSERT_EQ(harness.session.connect(0, options_of(true)), Status::ok);
    harness.drain();
    EXPECT_THAT(harness.receive({0x20, 0x02}, 9000), IsEmpty());
    EXPECT_EQ(harness.session.deadline(), 10000U);
}

TEST(Connect, half_a_packet_of_the_old_connection_is_forgotten) {
    Harness harness;
    harness.connect();
    EXPECT_THAT(harness.receive({0x30, 0x05, 0x00}), IsEmpty());
    harness.session.transport_closed();
    harness.connect();
}

TEST(Connect, nothing_works_without_a_connection) {
    Harness harness;
    EXPECT_EQ(harness.publish("a", "x", Qos::at_most_once).status, Status::not_connected);
    EXPECT_EQ(harness.subscribe("a", Qos::at_most_once).status, Status::not_connected);
    EXPECT_EQ(harness.unsubscribe("a").status, Status::not_connected);
    EXPECT_EQ(harness.session.disconnect(), Status::not_connected);
    EXPECT_EQ(harness.session.bytes_received(0, {}), Status::not_connected);
    EXPECT_THAT(harness.drain(), IsEmpty());
}

TEST(Disconnect, mqtt_3_14_4_1_disconnect_then_close) {
    Harness harness;
    harness.connect();
    ASSERT_EQ(harness.publish("a", "x", Qos::at_most_once).status, Status::ok);
    ASSERT_EQ(harness.session.disconnect(), Status::ok);
    EXPECT_EQ(harness.publish("a", "y", Qos::at_most_once).status, Status::not_connected);  // [MQTT-3.14.4-2]
    EXPECT_THAT(harness.drain(), ElementsAre("send 30 04 00 01 61 78 e0 00", "close none"));
    harness.connect();  // and again
}

TEST(Disconnect, packets_after_it_are_not_looked_at) {
    Harness harness;
    harness.connect();
    // two QoS 0 messages to "a"
    const Packet two{0x30, 0x03, 0x00, 0x01, 'a', 0x30, 0x03, 0x00, 0x01, 'a'};
    ASSERT_EQ(harness.session.bytes_received(0, two), Status::ok);
    Effect effect;
    ASSERT_TRUE(harness.session.next(effect));
    EXPECT_EQ(line_of(effect), "message a qos0: ");
    ASSERT_EQ(harness.session.disconnect(), Status::ok);
    EXPECT_THAT(harness.drain(), ElementsAre("send e0 00", "close none"));
}

}  // namespace
}  // namespace countersign::mqtt::test
