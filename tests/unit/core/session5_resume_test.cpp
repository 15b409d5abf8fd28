// What MQTT 5 keeps across connections, and in which order things go.
#include <string>

#include "tests/unit/core/session_harness.h"

namespace countersign::mqtt::test {
namespace {

TEST(Resume5, mqtt5_4_4_0_1_unacknowledged_messages_are_sent_again_with_dup) {
    Harness harness;
    harness.connect5();
    for (const char* payload : {"1", "2", "3"}) {
        ASSERT_EQ(harness.publish("a", payload, Qos::at_least_once).status, Status::ok);
    }
    ASSERT_EQ(harness.publish("a", "4", Qos::exactly_once).packet_id, 4);
    harness.drain();
    harness.receive(answer(0x40, 2));
    EXPECT_THAT(harness.receive(answer(0x50, 4)), ElementsAre("send 62 02 00 04"));
    harness.session.transport_closed();  // the state stays [5: MQTT-3.1.2-23], [5: MQTT-4.1.0-1]
    ASSERT_EQ(harness.publish("a", "5", Qos::at_least_once).packet_id, 5);
    // in the order they were made [5: MQTT-4.6.0-1], DUP on what went before [5: MQTT-3.3.1-1], and of a
    // message that has been released no PUBLISH any more [5: MQTT-4.3.3-6]
    EXPECT_THAT(
        harness.connect5({}, true),
        ElementsAre("connected session", "send 3a 07 00 01 61 00 01 00 31", "send 3a 07 00 01 61 00 03 00 33",
                    "send 62 02 00 04", "send 32 07 00 01 61 00 05 00 35"));
    EXPECT_THAT(harness.receive(answer(0x70, 4)), ElementsAre("published 4"));
}

TEST(Resume5, nothing_is_sent_again_on_the_same_connection) {
    Harness harness;
    harness.connect5();
    ASSERT_EQ(harness.publish("a", "1", Qos::at_least_once).status, Status::ok);
    EXPECT_EQ(harness.drain().size(), 1U);
    for (Millis now = 0; now < 600'000; now += 10'000) {
        harness.session.tick(now);
        for (const std::string& line : harness.drain()) EXPECT_EQ(line, "send c0 00");  // [5: MQTT-4.4.0-1]
        harness.receive({0xD0, 0x00}, now);
    }
}

TEST(Resume5, an_unreleased_message_of_the_servers_is_remembered) {
    Harness harness;
    harness.connect5();
    const Packet message{0x34, 0x06, 0x00, 0x01, 'a', 0x00, 0x07, 0x00};
    EXPECT_THAT(harness.receive(message), ElementsAre("message a qos2: ", "send 50 02 00 07"));
    harness.session.transport_closed();
    harness.connect5({}, true);
    EXPECT_THAT(harness.receive(message), ElementsAre("send 50 02 00 07"));  // [5: MQTT-4.3.3-10]
    harness.session.transport_closed();
    harness.connect5({}, false);
    EXPECT_THAT(harness.receive(message), ElementsAre("message a qos2: ", "send 50 02 00 07"));
}

TEST(Order5, mqtt5_4_6_0_2_acknowledgements_in_the_order_of_the_messages) {
    Harness harness;
    harness.connect5();
    const auto message = [](std::uint8_t first, std::uint8_t id) {
        return Packet{first, 0x06, 0x00, 0x01, 'a', 0x00, id, 0x00};
    };
    // [5: MQTT-4.6.0-3]; each answered as its QoS calls for [5: MQTT-3.3.4-1], [5: MQTT-4.5.0-2]
    EXPECT_THAT(
        harness.receive(join({message(0x32, 5), message(0x34, 3), message(0x34, 9), message(0x32, 4)})),
        ElementsAre("message a qos1: ", "send 40 02 00 05", "message a qos2: ", "send 50 02 00 03",
                    "message a qos2: ", "send 50 02 00 09", "message a qos1: ", "send 40 02 00 04"));
}

TEST(Order5, mqtt5_4_6_0_4_releases_in_the_order_of_the_pubrecs) {
    Harness harness;
    harness.connect5();
    for (const char* payload : {"1", "2", "3"}) {
        ASSERT_EQ(harness.publish("a", payload, Qos::exactly_once).status, Status::ok);
    }
    harness.drain();
    EXPECT_THAT(harness.receive(join({answer(0x50, 2), answer(0x50, 1), answer(0x50, 3)})),
                ElementsAre("send 62 02 00 02", "send 62 02 00 01", "send 62 02 00 03"));
}

TEST(Order, mqtt_4_6_0_4_releases_in_the_order_of_the_pubrecs) {
    Harness harness;
    harness.connect();
    for (const char* payload : {"1", "2"}) {
        ASSERT_EQ(harness.publish("a", payload, Qos::exactly_once).status, Status::ok);
    }
    harness.drain();
    EXPECT_THAT(harness.receive(join({answer(0x50, 2), answer(0x50, 1)})),
                ElementsAre("send 62 02 00 02", "send 62 02 00 01"));
}

TEST(Expiry5, mqtt5_4_3_3_13_the_exchange_goes_on_when_the_message_has_expired) {
    Harness harness;
    harness.connect5();
    const Packet second{0x02, 0x00, 0x00, 0x00, 0x01};
    ASSERT_EQ(harness.session.publish({"a", {}, Qos::exactly_once, false, {second}}).packet_id, 1);
    harness.drain();  // unacknowledged until PUBREC [5: MQTT-4.3.3-3]
    EXPECT_THAT(harness.receive(answer(0x50, 1), 10'000), ElementsAre("send 62 02 00 01"));
    EXPECT_THAT(harness.receive(answer(0x70, 1), 20'000), ElementsAre("published 1"));
}

TEST(Connect5, mqtt5_3_1_0_2_not_twice) {
    Harness harness;
    EXPECT_EQ(harness.publish("a", "x", Qos::at_most_once).status, Status::not_connected);
    harness.connect5();  // the first packet [5: MQTT-3.1.0-1]
    EXPECT_EQ(harness.session.connect(0, options5()), Status::not_connected);
    EXPECT_THAT(harness.drain(), IsEmpty());
}

TEST(Publish5, mqtt5_2_2_1_2_qos_0_has_no_packet_id) {
    Harness harness;
    harness.connect5();
    const Accepted accepted = harness.publish("a", "x", Qos::at_most_once);
    EXPECT_EQ(accepted.packet_id, 0);
    EXPECT_THAT(harness.drain(), ElementsAre("send 30 05 00 01 61 00 78"));  // DUP 0 [5: MQTT-4.3.1-1]
}

TEST(Disconnect5, mqtt5_3_14_2_3_no_reason_string_the_server_has_no_room_for) {
    Harness harness;
    harness.connect5({0x27, 0x00, 0x00, 0x00, 0x08});  // packets of 8 bytes
    const Packet text{0x1F, 0x00, 0x03, 'w', 'h', 'y'};
    EXPECT_EQ(harness.session.disconnect(ReasonCode::success, {text}), Status::too_large);
    const Packet user{0x26, 0x00, 0x00, 0x00, 0x00};  // [5: MQTT-3.14.2-4]
    EXPECT_EQ(harness.session.disconnect(ReasonCode::success, {user}), Status::too_large);
    EXPECT_EQ(harness.session.disconnect(ReasonCode::administrative_action), Status::ok);
}

}  // namespace
}  // namespace countersign::mqtt::test
