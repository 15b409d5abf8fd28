// What becomes of messages and subscriptions when the connection is lost: with and without the server's
// session.
#include <string>

#include "tests/unit/core/session_harness.h"

namespace countersign::mqtt::test {
namespace {

Packet incoming(std::uint8_t first, std::uint8_t id) {
    return {first, 0x06, 0x00, 0x01, 'a', 0x00, id, 'x'};
}

TEST(Resume, mqtt_4_4_0_1_unacknowledged_messages_are_sent_again_with_dup) {
    Harness harness;
    harness.connect(false);
    ASSERT_EQ(harness.publish("a", "x", Qos::at_least_once).packet_id, 1);
    ASSERT_EQ(harness.publish("a", "y", Qos::exactly_once).packet_id, 2);
    harness.drain();
    harness.session.transport_closed();
    EXPECT_THAT(harness.drain(), IsEmpty());  // the state stays [MQTT-4.1.0-1], [MQTT-4.1.0-2]
    // DUP [MQTT-3.3.1-1], and the old packet ids [MQTT-2.3.1-3]
    EXPECT_THAT(harness.reconnect(true),
                ElementsAre("send 3a 06 00 01 61 00 01 78", "send 3c 06 00 01 61 00 02 79"));
    EXPECT_THAT(harness.receive(answer(0x40, 1)), ElementsAre("published 1"));
}

TEST(Resume, mqtt_4_4_0_1_pubrel_is_sent_again) {
    Harness harness;
    harness.connect(false);
    ASSERT_EQ(harness.publish("a", "x", Qos::exactly_once).packet_id, 1);
    harness.drain();
    harness.receive(answer(0x50, 1));
    harness.session.transport_closed();
    EXPECT_THAT(harness.reconnect(true),
                ElementsAre("send 62 02 00 01"));  // and PUBLISH never again [MQTT-4.3.3-1]
    EXPECT_THAT(harness.receive(answer(0x70, 1)), ElementsAre("published 1"));
}

TEST(Resume, mqtt_4_6_0_1_in_the_original_order_before_anything_new) {
    Harness harness;
    harness.connect(false);
    for (const char* payload : {"1", "2", "3"}) {
        ASSERT_EQ(harness.publish("a", payload, Qos::at_least_once).status, Status::ok);
    }
    harness.drain();
    harness.receive(answer(0x40, 2));
    harness.session.transport_closed();
    ASSERT_EQ(harness.publish("a", "4", Qos::at_least_once).packet_id, 4);  // while offline
    EXPECT_THAT(harness.reconnect(true),
                ElementsAre("send 3a 06 00 01 61 00 01 31", "send 3a 06 00 01 61 00 03 33",
                            "send 32 06 00 01 61 00 04 34"));
}

TEST(Resume, all_of_them_even_beyond_a_smaller_window) {
    Sizes sizes;
    sizes.limits.max_inflight = 2;
    Harness harness(sizes);
    harness.connect(false);
    for (const char* payload : {"1", "2", "3"}) {
        ASSERT_EQ(harness.publish("a", payload, Qos::at_least_once).status, Status::ok);
    }
    harness.drain();
    harness.session.transport_closed();
    EXPECT_THAT(harness.reconnect(true),
                ElementsAre("send 3a 06 00 01 61 00 01 31", "send 3a 06 00 01 61 00 02 32"));
    EXPECT_THAT(harness.receive(answer(0x40, 1)), ElementsAre("published 1", "send 32 06 00 01 61 00 03 33"));
}

TEST(Resume, lost_again_in_the_middle_of_sending_again) {
    Harness harness;
    harness.connect(false);
    ASSERT_EQ(harness.publish("a", "1", Qos::at_least_once).status, Status::ok);
    ASSERT_EQ(harness.publish("a", "2", Qos::at_least_once).status, Status::ok);
    harness.drain();
    harness.session.transport_closed();
    ConnectOptions options;
    options.client_id = "d1";
    options.clean_session = false;
    ASSERT_EQ(harness.session.connect(0, options), Status::ok);
    harness.drain();
    const Packet yes = connack(1);
    ASSERT_EQ(harness.session.bytes_received(0, yes), Status::ok);
    Effect effect;
    ASSERT_TRUE(harness.session.next(effect));  // connected
    ASSERT_TRUE(harness.session.next(effect));  // the first message
    harness.session.transport_closed();
    EXPECT_THAT(harness.reconnect(true),
                ElementsAre("send 3a 06 00 01 61 00 01 31", "send 3a 06 00 01 61 00 02 32"));
}

TEST(Resume, mqtt_3_1_2_6_without_the_servers_session_what_was_sent_is_dropped) {
    Harness harness;
    harness.connect(false);
    ASSERT_EQ(harness.publish("a", "1", Qos::at_least_once).packet_id, 1);
    ASSERT_EQ(harness.publish("a", "2", Qos::exactly_once).packet_id, 2);
    harness.drain();
    harness.receive(answer(0x50, 2));
    harness.session.transport_closed();
    ASSERT_EQ(harness.publish("a", "3", Qos::at_least_once).packet_id, 3);
    // what the server has never seen is not touched
    EXPECT_THAT(harness.reconnect(false),
                ElementsAre("dropped 1", "dropped 2", "send 32 06 00 01 61 00 03 33"));
    EXPECT_EQ(harness.session.unacknowledged(), 1U);
}

TEST(Resume, dropped_messages_stay_dropped_when_the_next_connection_is_lost_at_once) {
    Harness harness;
    harness.connect(false);
    ASSERT_EQ(harness.publish("a", "1", Qos::at_least_once).packet_id, 1);
    harness.drain();
    harness.session.transport_closed();
    ConnectOptions options;
    options.client_id = "d1";
    options.clean_session = false;
    ASSERT_EQ(harness.session.connect(0, options), Status::ok);
    harness.drain();
    const Packet no_session = connack(0);
    ASSERT_EQ(harness.session.bytes_received(0, no_session), Status::ok);
    Effect effect;
    ASSERT_TRUE(harness.session.next(effect));
    harness.session.transport_closed();
    EXPECT_THAT(harness.drain(), ElementsAre("dropped 1"));
    EXPECT_THAT(harness.reconnect(true), IsEmpty());
}

TEST(Resume, a_dropped_message_can_be_published_again_as_a_new_one) {
    Harness harness;
    harness.connect(false);
    ASSERT_EQ(harness.publish("a", "1", Qos::at_least_once).packet_id, 1);
    harness.drain();
    harness.session.transport_closed();
    EXPECT_THAT(harness.reconnect(false), ElementsAre("dropped 1"));
    ASSERT_EQ(harness.publish("a", "1", Qos::at_least_once).packet_id, 2);
    EXPECT_THAT(harness.drain(), ElementsAre("send 32 06 00 01 61 00 02 31"));
}

TEST(Resume, mqtt_4_3_3_2_an_unreleased_message_is_remembered_across_connections) {
    Harness harness;
    harness.connect(false);
    EXPECT_THAT(harness.receive(incoming(0x34, 7)), ElementsAre("message a qos2: x", "send 50 02 00 07"));
    harness.session.transport_closed();
    EXPECT_THAT(harness.reconnect(true), IsEmpty());
    EXPECT_THAT(harness.receive(incoming(0x3C, 7)), ElementsAre("send 50 02 00 07"));  // not a second time
}

TEST(Resume, without_the_servers_session_its_packet_ids_mean_new_messages) {
    Harness harness;
    harness.connect(false);
    EXPECT_EQ(harness.receive(incoming(0x34, 7)).size(), 2U);
    harness.session.transport_closed();
    EXPECT_THAT(harness.reconnect(false), IsEmpty());
    EXPECT_THAT(harness.receive(incoming(0x34, 7)), ElementsAre("message a qos2: x", "send 50 02 00 07"));
}

TEST(Resume, subscriptions_under_way_go_down_with_the_connection) {
    Harness harness;
    harness.connect(false);
    ASSERT_EQ(harness.subscribe("a", Qos::at_least_once).packet_id, 1);
    ASSERT_EQ(harness.unsubscribe("b").packet_id, 2);
    harness.drain();
    harness.session.transport_closed();
    EXPECT_THAT(harness.drain(), ElementsAre("dropped 1", "dropped 2"));
    EXPECT_THAT(harness.reconnect(true), IsEmpty());
}

TEST(Resume, a_session_of_an_earlier_life_is_taken_as_it_is) {
    Harness harness;
    EXPECT_THAT(harness.reconnect(true), IsEmpty());
    EXPECT_THAT(harness.receive(incoming(0x3C, 7)), ElementsAre("message a qos2 dup: x", "send 50 02 00 07"));
}

}  // namespace
}  // namespace countersign::mqtt::test
