// Messages of the server's.
#include <string>

#include "tests/unit/core/session_harness.h"

namespace countersign::mqtt::test {
namespace {

// PUBLISH to "a": first byte with the flags, length, topic, packet id unless QoS 0, payload "x"
Packet message(std::uint8_t first, std::uint16_t id = 0) {
    if (id == 0) return {first, 0x04, 0x00, 0x01, 'a', 'x'};
    return {first,
            0x06,
            0x00,
            0x01,
            'a',
            static_cast<std::uint8_t>(id >> 8),
            static_cast<std::uint8_t>(id & 0xFF),
            'x'};
}

TEST(Receive, mqtt_4_3_1_qos_0) {
    Harness harness;
    harness.connect();
    EXPECT_THAT(harness.receive(message(0x30)), ElementsAre("message a qos0: x"));
    EXPECT_THAT(harness.receive(message(0x31)), ElementsAre("message a qos0 retained: x"));
}

TEST(Receive, mqtt_4_3_2_2_qos_1_is_handed_out_then_acknowledged) {
    Harness harness;
    harness.connect();
    // the same packet id [MQTT-2.3.1-6], as the QoS calls for [MQTT-3.3.4-1]
    EXPECT_THAT(harness.receive(message(0x32, 7)), ElementsAre("message a qos1: x", "send 40 02 00 07"));
    // a second time is a new message to us, marked by DUP (4.3.2, non-normative)
    EXPECT_THAT(harness.receive(message(0x3A, 7)), ElementsAre("message a qos1 dup: x", "send 40 02 00 07"));
}

TEST(Receive, mqtt_4_3_3_2_qos_2_is_handed_out_once) {
    Harness harness;
    harness.connect();
    EXPECT_THAT(harness.receive(message(0x34, 7)), ElementsAre("message a qos2: x", "send 50 02 00 07"));
    EXPECT_THAT(harness.receive(message(0x3C, 7)), ElementsAre("send 50 02 00 07"));
    EXPECT_THAT(harness.receive(answer(0x62, 7)), ElementsAre("send 70 02 00 07"));
    EXPECT_THAT(harness.receive(message(0x34, 7)), ElementsAre("message a qos2: x", "send 50 02 00 07"));
}

TEST(Receive, pubrel_of_something_unknown_is_completed) {
    Harness harness;
    harness.connect();
    EXPECT_THAT(harness.receive(answer(0x62, 9)), ElementsAre("send 70 02 00 09"));
}

TEST(Receive, mqtt_4_6_0_2_acknowledged_in_the_order_received) {
    Harness harness;  // PUBRECs too [MQTT-4.6.0-3]
    harness.connect();
    EXPECT_THAT(harness.receive(join({message(0x32, 5), message(0x34, 3), message(0x32, 4)})),
                ElementsAre("message a qos1: x", "send 40 02 00 05", "message a qos2: x", "send 50 02 00 03",
                            "message a qos1: x", "send 40 02 00 04"));
}

TEST(Receive, an_empty_payload) {
    Harness harness;
    harness.connect();
    EXPECT_THAT(harness.receive({0x31, 0x03, 0x00, 0x01, 'a'}), ElementsAre("message a qos0 retained: "));
}

TEST(Receive, the_largest_payload_that_fits) {
    Harness harness;  // a receive buffer of 64
    harness.connect();
    // QoS 0, length 64: topic 3, payload 61
    const Packet packet = join({{0x30, 0x40, 0x00, 0x01, 'a'}, Packet(61, 'x')});
    EXPECT_THAT(harness.receive(packet), ElementsAre("message a qos0: " + std::string(61, 'x')));
}

TEST(Oversize, qos_0_goes_by) {
    Harness harness;
    harness.connect();
    // one byte more
    const Packet packet = join({{0x30, 0x41, 0x00, 0x01, 'a'}, Packet(62, 'x')});
    EXPECT_THAT(harness.receive(join({packet, message(0x30)})),
                ElementsAre("oversize a qos0: 62", "message a qos0: x"));
}

TEST(Oversize, qos_1_and_2_are_acknowledged_or_they_would_come_for_ever) {
    Harness harness;  // [MQTT-4.5.0-2]
    harness.connect();
    const Packet once = join({{0x32, 0x45, 0x00, 0x01, 'a', 0x01, 0x02}, Packet(64, 'x')});
    EXPECT_THAT(harness.receive(once), ElementsAre("oversize a qos1: 64", "send 40 02 01 02"));
    const Packet twice = join({{0x34, 0x45, 0x00, 0x01, 'a', 0x01, 0x03}, Packet(64, 'x')});
    EXPECT_THAT(harness.receive(twice), ElementsAre("oversize a qos2: 64", "send 50 02 01 03"));
    EXPECT_THAT(harness.receive(twice), ElementsAre("send 50 02 01 03"));  // told once
    EXPECT_THAT(harness.receive(answer(0x62, 0x0103)), ElementsAre("send 70 02 01 03"));
}

TEST(Oversize, a_topic_longer_than_the_buffer_is_cut) {
    Harness harness;
    harness.connect();
    // length 107: topic of 100, packet id, payload of 3
    const Packet packet = join({{0x32, 0x6B, 0x00, 0x64}, Packet(100, 't'), {0x00, 0x05, 'x', 'x', 'x'}});
    EXPECT_THAT(harness.receive(packet),
                ElementsAre("oversize " + std::string(64, 't') + " qos1: 3", "send 40 02 00 05"));
}

TEST(Oversize, is_checked_like_any_other_message) {
    const auto fault = [](const Packet& packet) {
        Harness harness;
        harness.connect();
        return harness.receive(packet);
    };
    const Packet filler(200, 'x');
    EXPECT_THAT(fault(join({{0x30, 0x41, 0x00, 0x40}, filler})),
                ElementsAre("close malformed_string"));  // 2 + 64 > 65
    EXPECT_THAT(fault(join({{0x32, 0x41, 0x00, 0x3E}, filler})),
                ElementsAre("close malformed_string"));  // + packet id
    EXPECT_THAT(fault(join({{0x30, 0x41, 0x00, 0x00}, filler})), ElementsAre("close bad_topic"));
    EXPECT_THAT(fault(join({{0x30, 0x41, 0x00, 0x01, '#'}, filler})), ElementsAre("close bad_topic"));
    EXPECT_THAT(fault(join({{0x30, 0x41, 0x00, 0x01, 0xFF}, filler})), ElementsAre("close malformed_string"));
    EXPECT_THAT(fault(join({{0x32, 0x41, 0x00, 0x01, 'a', 0x00, 0x00}, filler})),
                ElementsAre("close zero_packet_id"));
}

TEST(Receive, more_unreleased_qos_2_messages_than_there_is_room_for) {
    Sizes sizes;
    sizes.incoming = 2;
    Harness harness(sizes);
    harness.connect();
    EXPECT_EQ(harness.receive(join({message(0x34, 1), message(0x34, 2)})).size(), 4U);
    EXPECT_THAT(harness.receive(message(0x34, 3)), ElementsAre("close too_many_exactly_once"));
}

TEST(Receive, mqtt_4_3_3_2_room_for_more_unreleased_messages_keeps_those_there_are) {
    Sizes sizes;
    sizes.incoming = 1;
    Harness harness(sizes);
    harness.connect();
    EXPECT_FALSE(harness.session.incoming_full());
    harness.receive(message(0x34, 1));
    EXPECT_TRUE(harness.session.incoming_full());
    std::vector<std::uint16_t> two(2);
    harness.session.enlarge_incoming(two);
    EXPECT_FALSE(harness.session.incoming_full());
    EXPECT_EQ(harness.receive(message(0x3C, 1)).size(), 1U);  // known: PUBREC only
    EXPECT_EQ(harness.receive(message(0x34, 2)).size(), 2U);
    EXPECT_TRUE(harness.session.incoming_full());
}

TEST(Receive, bytes_while_others_are_not_used_up) {
    Harness harness;
    harness.connect();
    const Packet two = join({message(0x30), message(0x30)});
    ASSERT_EQ(harness.session.bytes_received(0, two), Status::ok);
    Effect effect;
    ASSERT_TRUE(harness.session.next(effect));
    EXPECT_EQ(harness.session.bytes_received(0, two), Status::no_room);
    EXPECT_THAT(harness.drain(), ElementsAre("message a qos0: x"));
}

}  // namespace
}  // namespace countersign::mqtt::test
