// Messages of ours, and subscriptions, on one connection.
#include <string>

#include "tests/unit/core/session_harness.h"

namespace countersign::mqtt::test {
namespace {

TEST(Publish, mqtt_4_3_1_qos_0_is_sent_and_forgotten) {
    Harness harness;
    harness.connect();
    const Accepted accepted = harness.publish("a", "x", Qos::at_most_once, true);
    EXPECT_EQ(accepted.status, Status::ok);
    EXPECT_EQ(accepted.packet_id, 0);
    EXPECT_THAT(harness.drain(), ElementsAre("send 31 04 00 01 61 78"));  // DUP 0 [MQTT-4.3.1-1]
    EXPECT_EQ(harness.session.unacknowledged(), 0U);
}

TEST(Publish, mqtt_4_3_2_qos_1) {
    Harness harness;
    harness.connect();
    EXPECT_EQ(harness.publish("a", "x", Qos::at_least_once).packet_id, 1);
    EXPECT_THAT(harness.drain(), ElementsAre("send 32 06 00 01 61 00 01 78"));  // DUP 0 [MQTT-4.3.2-1]
    EXPECT_EQ(harness.session.unacknowledged(), 1U);
    EXPECT_THAT(harness.receive(answer(0x40, 1)), ElementsAre("published 1"));
    EXPECT_EQ(harness.session.unacknowledged(), 0U);
}

TEST(Publish, mqtt_4_3_3_qos_2) {
    Harness harness;
    harness.connect();
    EXPECT_EQ(harness.publish("a", "x", Qos::exactly_once).packet_id, 1);
    EXPECT_THAT(harness.drain(), ElementsAre("send 34 06 00 01 61 00 01 78"));
    EXPECT_THAT(harness.receive(answer(0x50, 1)), ElementsAre("send 62 02 00 01"));  // PUBREL after PUBREC
    EXPECT_EQ(harness.session.unacknowledged(), 1U);
    EXPECT_THAT(harness.receive(answer(0x70, 1)), ElementsAre("published 1"));
    EXPECT_EQ(harness.session.unacknowledged(), 0U);
}

TEST(Publish, mqtt_4_6_0_5_order_holds_within_qos_0_and_within_the_others) {
    Harness harness;
    harness.connect();
    for (const Qos qos : {Qos::at_least_once, Qos::at_most_once}) {
        for (const char* payload : {"1", "2"})
            ASSERT_EQ(harness.publish("a", payload, qos).status, Status::ok);
    }
    EXPECT_THAT(harness.drain(), ElementsAre("send 30 04 00 01 61 31 30 04 00 01 61 32",
                                             "send 32 06 00 01 61 00 01 31", "send 32 06 00 01 61 00 02 32"));
}

TEST(Publish, a_disconnect_leaves_in_the_store_what_waits_there) {
    Harness harness;
    harness.connect();
    ASSERT_EQ(harness.publish("a", "x", Qos::at_least_once).status, Status::ok);
    ASSERT_EQ(harness.session.disconnect(), Status::ok);
    EXPECT_THAT(harness.drain(), ElementsAre("send e0 00", "close none"));
    EXPECT_EQ(harness.session.unacknowledged(), 1U);
}

TEST(Publish, pubrec_again_gives_pubrel_again) {
    Harness harness;
    harness.connect();
    ASSERT_EQ(harness.publish("a", "x", Qos::exactly_once).packet_id, 1);
    harness.drain();
    EXPECT_THAT(harness.receive(answer(0x50, 1)), ElementsAre("send 62 02 00 01"));
    EXPECT_THAT(harness.receive(answer(0x50, 1)), ElementsAre("send 62 02 00 01"));
    EXPECT_THAT(harness.receive(answer(0x70, 1)), ElementsAre("published 1"));
}

TEST(Publish, acknowledgements_of_forgotten_messages_come_to_their_end) {
    Harness harness;
    harness.connect();
    EXPECT_THAT(harness.receive(answer(0x40, 9)), IsEmpty());                        // PUBACK
    EXPECT_THAT(harness.receive(answer(0x70, 9)), IsEmpty());                        // PUBCOMP
    EXPECT_THAT(harness.receive(answer(0x50, 9)), ElementsAre("send 62 02 00 09"));  // PUBREC: release it
}

struct WrongAnswer {
    Qos qos;
    std::uint8_t first_byte;
};
class WrongAnswers : public testing::TestWithParam<WrongAnswer> {};

TEST_P(WrongAnswers, mqtt_4_3_close_the_connection_but_keep_the_message) {
    Harness harness;
    harness.connect(false);
    ASSERT_EQ(harness.publish("a", "x", GetParam().qos).packet_id, 1);
    harness.drain();
    EXPECT_THAT(harness.receive(answer(GetParam().first_byte, 1)),
                ElementsAre("close wrong_acknowledgement"));
    EXPECT_EQ(harness.session.unacknowledged(), 1U);
}

INSTANTIATE_TEST_SUITE_P(Publish, WrongAnswers,
                         testing::Values(WrongAnswer{Qos::at_least_once, 0x50},   // PUBREC for QoS 1
                                         WrongAnswer{Qos::at_least_once, 0x70},   // PUBCOMP for QoS 1
                                         WrongAnswer{Qos::at_least_once, 0xB0},   // UNSUBACK for a message
                                         WrongAnswer{Qos::exactly_once, 0x40},    // PUBACK for QoS 2
                                         WrongAnswer{Qos::exactly_once, 0x70}));  // PUBCOMP before PUBREC

TEST(Publish, puback_for_a_message_not_sent_yet) {
    Sizes sizes;
    sizes.limits.max_inflight = 1;
    Harness harness(sizes);
    harness.connect();
    ASSERT_EQ(harness.publish("a", "x", Qos::at_least_once).packet_id, 1);
    ASSERT_EQ(harness.publish("a", "y", Qos::at_least_once).packet_id, 2);
    EXPECT_EQ(harness.drain().size(), 1U);
    EXPECT_THAT(harness.receive(answer(0x40, 2)), ElementsAre("close wrong_acknowledgement"));
}

TEST(Publish, the_window_holds_back_and_keeps_the_order) {
    Sizes sizes;
    sizes.limits.max_inflight = 2;
    Harness harness(sizes);
    harness.connect();
    for (const char* payload : {"1", "2", "3", "4"}) {
        ASSERT_EQ(harness.publish("a", payload, Qos::at_least_once).status, Status::ok);
    }
    EXPECT_THAT(harness.drain(), ElementsAre("send 32 06 00 01 61 00 01 31", "send 32 06 00 01 61 00 02 32"));
    EXPECT_THAT(harness.receive(answer(0x40, 2)), ElementsAre("published 2", "send 32 06 00 01 61 00 03 33"));
    EXPECT_THAT(harness.receive(answer(0x40, 1)), ElementsAre("published 1", "send 32 06 00 01 61 00 04 34"));
}

TEST(Publish, qos_2_stays_in_the_window_until_pubcomp) {
    Sizes sizes;
    sizes.limits.max_inflight = 1;
    Harness harness(sizes);
    harness.connect();
    ASSERT_EQ(harness.publish("a", "1", Qos::exactly_once).status, Status::ok);
    ASSERT_EQ(harness.publish("a", "2", Qos::exactly_once).status, Status::ok);
    EXPECT_EQ(harness.drain().size(), 1U);
    EXPECT_THAT(harness.receive(answer(0x50, 1)), ElementsAre("send 62 02 00 01"));
    EXPECT_THAT(harness.receive(answer(0x70, 1)), ElementsAre("published 1", "send 34 06 00 01 61 00 02 32"));
}

TEST(Publish, offline_messages_wait_for_the_connection) {
    Harness harness;
    ASSERT_EQ(harness.publish("a", "1", Qos::at_least_once).status, Status::ok);
    EXPECT_THAT(harness.drain(), IsEmpty());
    EXPECT_THAT(harness.reconnect(false),
                ElementsAre("send 32 06 00 01 61 00 01 31"));  // DUP 0: the first time
}

TEST(Publish, bad_messages_spend_no_packet_id) {
    Harness harness;
    harness.connect();
    EXPECT_EQ(harness.publish("a/+", "x", Qos::at_least_once).status, Status::bad_topic);
    EXPECT_EQ(harness.publish("", "x", Qos::at_least_once).status, Status::bad_topic);
    EXPECT_EQ(harness.publish("a", "x", static_cast<Qos>(3)).status, Status::bad_argument);
    EXPECT_EQ(harness.publish("a", std::string(200, 'x'), Qos::at_least_once).status, Status::too_large);
    EXPECT_EQ(harness.publish("a", std::string(200, 'x'), Qos::at_most_once).status, Status::too_large);
    EXPECT_EQ(harness.publish("a", "x", Qos::at_least_once).packet_id, 1);
}

TEST(Publish, a_full_store_or_no_slot_is_told_and_passes) {
    Sizes sizes;
    sizes.store = 20;  // two packets of 8 bytes
    Harness harness(sizes);
    harness.connect();
    ASSERT_EQ(harness.publish("a", "1", Qos::at_least_once).status, Status::ok);
    ASSERT_EQ(harness.publish("a", "2", Qos::at_least_once).status, Status::ok);
    EXPECT_EQ(harness.publish("a", "3", Qos::at_least_once).status, Status::no_room);
    harness.drain();
    EXPECT_THAT(harness.receive(answer(0x40, 1)), ElementsAre("published 1"));
    EXPECT_EQ(harness.publish("a", "3", Qos::at_least_once).packet_id, 3);

    sizes.outgoing = 1;
    Harness small(sizes);
    small.connect();
    ASSERT_EQ(small.publish("a", "1", Qos::at_least_once).status, Status::ok);
    EXPECT_EQ(small.publish("a", "2", Qos::at_least_once).status, Status::no_room);
    EXPECT_EQ(small.subscribe("a", Qos::at_least_once).status, Status::no_room);
}

TEST(Publish, qos_0_finds_room_again_when_the_effects_are_drained) {
    Sizes sizes;
    sizes.transmit = 64;
    Harness harness(sizes);
    harness.connect();
    const std::string payload(56, 'x');  // packets of 61 bytes
    ASSERT_EQ(harness.publish("a", payload, Qos::at_most_once).status, Status::ok);
    EXPECT_EQ(harness.publish("a", payload, Qos::at_most_once).status, Status::no_room);
    harness.drain();
    EXPECT_EQ(harness.publish("a", payload, Qos::at_most_once).status, Status::ok);
}

TEST(Publish, bytes_handed_out_survive_a_publish_until_the_next_effect) {
    Harness harness;
    harness.connect();
    ASSERT_EQ(harness.publish("a", "1", Qos::at_most_once).status, Status::ok);
    Effect effect;
    ASSERT_TRUE(harness.session.next(effect));
    ASSERT_EQ(harness.publish("a", "2", Qos::at_most_once).status, Status::ok);
    EXPECT_EQ(line_of(effect), "send 30 04 00 01 61 31");
    EXPECT_THAT(harness.drain(), ElementsAre("send 30 04 00 01 61 32"));
}

// In 5 the same: [5: MQTT-2.2.1-3], [5: MQTT-4.3.2-1], [5: MQTT-4.3.3-1].
TEST(PacketId, mqtt_2_3_1_2_a_live_one_is_never_given_again) {
    Sizes sizes;
    sizes.limits.max_inflight = 8;
    Harness harness(sizes);
    harness.connect();
    ASSERT_EQ(harness.publish("a", "x", Qos::at_least_once).packet_id, 1);  // stays unacknowledged
    harness.drain();
    for (int i = 2; i <= 65535; ++i) {
        ASSERT_EQ(harness.publish("a", "x", Qos::at_least_once).packet_id, i);
        harness.drain();
        harness.receive(answer(0x40, static_cast<std::uint16_t>(i)));
    }
    EXPECT_EQ(harness.publish("a", "x", Qos::at_least_once).packet_id, 2);  // not 0 [MQTT-2.3.1-1], not 1
}

TEST(Subscribe, mqtt_3_8_4_granted_with_codes) {
    Harness harness;
    harness.connect();
    const std::array subscriptions{Subscription{"a", Qos::at_least_once},
                                   Subscription{"b", Qos::exactly_once},
                                   Subscription{"c", Qos::at_most_once}};
    ASSERT_EQ(harness.session.subscribe(subscriptions).packet_id, 1);
    EXPECT_THAT(harness.drain(), ElementsAre("send 82 0e 00 01 00 01 61 01 00 01 62 02 00 01 63 00"));
    // SUBACK, length 5, packet id 1, QoS 1, refused, QoS 0
    EXPECT_THAT(harness.receive({0x90, 0x05, 0x00, 0x01, 0x01, 0x80, 0x00}),
                ElementsAre("subscribed 1: 01 80 00"));
    EXPECT_THAT(harness.receive({0x90, 0x03, 0x00, 0x01, 0x01}), ElementsAre("close wrong_acknowledgement"));
}

TEST(Subscribe, mqtt_3_10_4_unsubscribed) {
    Harness harness;
    harness.connect();
    ASSERT_EQ(harness.unsubscribe("a/#").packet_id, 1);
    EXPECT_THAT(harness.drain(), ElementsAre("send a2 07 00 01 00 03 61 2f 23"));
    EXPECT_THAT(harness.receive(answer(0xB0, 1)), ElementsAre("unsubscribed 1"));
}

TEST(Subscribe, mqtt_3_8_3_3_at_least_one_good_filter) {
    Harness harness;
    harness.connect();
    EXPECT_EQ(harness.session.subscribe({}).status, Status::bad_argument);
    EXPECT_EQ(harness.session.unsubscribe({}).status, Status::bad_argument);  // [MQTT-3.10.3-2]
    EXPECT_EQ(harness.subscribe("a#", Qos::at_least_once).status, Status::bad_topic);
    EXPECT_EQ(harness.unsubscribe("a#").status, Status::bad_topic);
    EXPECT_EQ(harness.subscribe("\xFF", Qos::at_least_once).status, Status::bad_topic);   // [MQTT-3.8.3-1]
    EXPECT_EQ(harness.unsubscribe("\xFF").status, Status::bad_topic);                     // [MQTT-3.10.3-1]
    EXPECT_EQ(harness.subscribe("a", static_cast<Qos>(3)).status, Status::bad_argument);  // [MQTT-3.8.3-4]
    EXPECT_THAT(harness.drain(), IsEmpty());
}

TEST(Subscribe, more_filters_than_a_suback_could_answer) {
    Sizes sizes;
    sizes.receive = 4;
    Harness harness(sizes);
    harness.connect();
    const std::array<Subscription, 3> three{{{"a"}, {"b"}, {"c"}}};
    EXPECT_EQ(harness.session.subscribe(three).status, Status::too_large);
    EXPECT_EQ(harness.session.subscribe(std::span(three).first(2)).status, Status::ok);
}

}  // namespace
}  // namespace countersign::mqtt::test
