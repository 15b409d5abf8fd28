// Messages and answers of the server's in MQTT 5.
#include <string>

#include "tests/unit/core/session_harness.h"

namespace countersign::mqtt::test {
namespace {

// PUBLISH to `topic` with properties and payload "x"
Packet message5(std::uint8_t first, std::string_view topic, const Packet& properties, std::uint8_t id = 0) {
    Packet body{0x00, static_cast<std::uint8_t>(topic.size())};
    body.insert(body.end(), topic.begin(), topic.end());
    if (id != 0) body.insert(body.end(), {0x00, id});
    body.push_back(static_cast<std::uint8_t>(properties.size()));
    body.insert(body.end(), properties.begin(), properties.end());
    body.push_back('x');
    return join({{first, static_cast<std::uint8_t>(body.size())}, body});
}

Packet alias(std::uint8_t number) {
    return {0x23, 0x00, number};
}

TEST(Receive5, a_message_with_its_properties) {
    Harness harness;
    harness.connect5();
    // message expiry 5, response topic "r", correlation data "c", subscription identifiers 1 and 2
    const Packet properties{0x02, 0x00, 0x00, 0x00, 0x05, 0x08, 0x00, 0x01, 'r',
                            0x09, 0x00, 0x01, 'c',  0x0B, 0x01, 0x0B, 0x02};
    EXPECT_THAT(harness.receive(message5(0x31, "a", properties)),
                ElementsAre("message a qos0 retained: x [" + hex(properties) + "]"));
}

TEST(Receive5, mqtt5_4_3_2_4_qos_1) {
    Harness harness;
    harness.connect5();
    EXPECT_THAT(harness.receive(message5(0x32, "a", {}, 7)),
                ElementsAre("message a qos1: x", "send 40 02 00 07"));  // [5: MQTT-2.2.1-5]
    // [5: MQTT-4.3.2-5]: after the PUBACK the same packet id is a new message
    EXPECT_THAT(harness.receive(message5(0x3A, "a", {}, 7)),
                ElementsAre("message a qos1 dup: x", "send 40 02 00 07"));
}

TEST(Receive5, mqtt5_4_3_3_10_qos_2_is_handed_out_once) {
    Harness harness;
    harness.connect5();
    EXPECT_THAT(harness.receive(message5(0x34, "a", {}, 7)),
                ElementsAre("message a qos2: x", "send 50 02 00 07"));  // [5: MQTT-4.3.3-8]
    EXPECT_THAT(harness.receive(message5(0x3C, "a", {}, 7)), ElementsAre("send 50 02 00 07"));
    EXPECT_THAT(harness.receive({0x62, 0x03, 0x00, 0x07, 0x00}),
                ElementsAre("send 70 02 00 07"));  // [5: MQTT-4.3.3-11]
    EXPECT_THAT(harness.receive(message5(0x34, "a", {}, 7)),
                ElementsAre("message a qos2: x", "send 50 02 00 07"));  // [5: MQTT-4.3.3-12]
}

TEST(Receive5, mqtt5_3_7_2_1_a_release_of_something_unknown) {
    Harness harness;
    harness.connect5();
    EXPECT_THAT(harness.receive(answer(0x62, 9)), ElementsAre("send 70 03 00 09 92"));
    EXPECT_THAT(harness.receive({0x62, 0x03, 0x00, 0x09, 0x92}), ElementsAre("send 70 03 00 09 92"));
}

TEST(Receive5, mqtt5_3_3_4_9_more_at_a_time_than_we_said) {
    Harness harness;  // four
    harness.connect5();
    for (std::uint8_t id = 1; id <= 4; ++id) harness.receive(message5(0x34, "a", {}, id));
    EXPECT_THAT(harness.receive(message5(0x34, "a", {}, 5)),
                ElementsAre("send e0 01 93", "close too_many_exactly_once"));
}

TEST(Receive5, mqtt5_3_1_2_24_the_largest_packet_and_one_larger) {
    Harness harness;
    harness.connect5();
    const std::string topic(60, 't');  // 2 + 60 + properties 1 + payload 1
    EXPECT_THAT(harness.receive(message5(0x30, topic, {})), ElementsAre("message " + topic + " qos0: x"));
    EXPECT_THAT(harness.receive(message5(0x30, topic + "t", {})),
                ElementsAre("send e0 01 95", "close packet_too_large"));
}

class AliasesIn : public testing::Test {
  protected:
    Sizes sizes = [] {
        Sizes with_aliases;
        with_aliases.aliases_in = 10;  // two topics of up to three bytes
        with_aliases.limits.topic_aliases_in = 2;
        return with_aliases;
    }();
    Harness harness{sizes};
};

TEST_F(AliasesIn, mqtt5_3_3_2_10_every_one_we_allow_is_learnt_and_understood) {
    harness.connect5();
    EXPECT_THAT(harness.receive(message5(0x30, "a", alias(1))), ElementsAre("message a qos0: x [23 00 01]"));
    EXPECT_THAT(harness.receive(message5(0x30, "bcd", alias(2))),
                ElementsAre("message bcd qos0: x [23 00 02]"));
    EXPECT_THAT(harness.receive(message5(0x30, "", alias(1))), ElementsAre("message a qos0: x [23 00 01]"));
    EXPECT_THAT(harness.receive(message5(0x30, "", alias(2))), ElementsAre("message bcd qos0: x [23 00 02]"));
    EXPECT_THAT(harness.receive(message5(0x30, "e", alias(1))), ElementsAre("message e qos0: x [23 00 01]"));
    EXPECT_THAT(harness.receive(message5(0x34, "", alias(1), 7)),
                ElementsAre("message e qos2: x [23 00 01]", "send 50 02 00 07"));
}

TEST_F(AliasesIn, mqtt5_3_3_2_8_zero) {
    harness.connect5();
    EXPECT_THAT(harness.receive(message5(0x30, "a", alias(0))),
                ElementsAre("send e0 01 94", "close bad_topic_alias"));
}

TEST_F(AliasesIn, mqtt5_3_3_2_11_more_than_we_allow) {
    harness.connect5();
    EXPECT_THAT(harness.receive(message5(0x30, "a", alias(3))),
                ElementsAre("send e0 01 94", "close bad_topic_alias"));
}

TEST_F(AliasesIn, one_that_means_nothing) {
    harness.connect5();
    EXPECT_THAT(harness.receive(message5(0x30, "", alias(1))),
                ElementsAre("send e0 01 94", "close bad_topic_alias"));
}

TEST_F(AliasesIn, mqtt5_3_3_2_7_of_the_last_connection) {
    harness.connect5();
    harness.receive(message5(0x30, "a", alias(1)));
    harness.session.transport_closed();
    harness.connect5();
    EXPECT_THAT(harness.receive(message5(0x30, "", alias(1))),
                ElementsAre("send e0 01 94", "close bad_topic_alias"));
}

TEST_F(AliasesIn, of_a_topic_too_long_to_keep_and_the_next_connection_allows_none) {
    harness.connect5();
    EXPECT_THAT(harness.receive(message5(0x30, "abcd", alias(1))),
                ElementsAre("message abcd qos0: x [23 00 01]"));  // it is there, after all
    EXPECT_THAT(harness.receive(message5(0x30, "", alias(1))),
                ElementsAre("send e0 01 97", "close no_alias_room"));
    ASSERT_EQ(harness.session.connect(0, options5()), Status::ok);
    EXPECT_THAT(harness.drain().at(0), ::testing::Not(::testing::HasSubstr(" 22 00 ")));
}

TEST(Receive5, mqtt5_3_1_2_26_none_is_allowed_without_memory_for_it) {
    Harness harness;
    harness.connect5();
    EXPECT_THAT(harness.receive(message5(0x30, "a", alias(1))),
                ElementsAre("send e0 01 94", "close bad_topic_alias"));  // [5: MQTT-3.1.2-27]
}

// --- subscriptions

TEST(Subscribe5, mqtt5_3_8_3_1_options_and_identifier) {
    Harness harness;
    harness.connect5();
    const Packet identifier{0x0B, 0xAC, 0x02};
    const std::array subscriptions{
        Subscription{"a", Qos::at_least_once, true, true, RetainHandling::do_not_send},
        Subscription{"b", Qos::exactly_once, false, false, RetainHandling::send_if_new}};
    ASSERT_EQ(harness.session.subscribe(subscriptions, {identifier}).packet_id, 1);
    const Packet expected{
        0x82, 0x0E, 0x00, 0x01,   // SUBSCRIBE, length 14, packet id
        0x03, 0x0B, 0xAC, 0x02,   // subscription identifier 300
        0x00, 0x01, 'a',  0x2D,   // retain handling 2, as published, no local, QoS 1
        0x00, 0x01, 'b',  0x12};  // retain handling 1, QoS 2; bits 6, 7: 0 [5: MQTT-3.8.3-5]
    // flags 0010 [5: MQTT-3.8.1-1]
    EXPECT_THAT(harness.drain(), ElementsAre("send " + hex(expected)));
    // SUBACK: QoS 1, not authorized [5: MQTT-3.8.4-6], in the filters' order [5: MQTT-3.9.3-1]
    EXPECT_THAT(harness.receive({0x90, 0x05, 0x00, 0x01, 0x00, 0x01, 0x87}),
                ElementsAre("subscribed 1: 01 87"));
}

TEST(Subscribe5, what_the_server_does_not_have_is_not_asked_for) {
    Harness harness;
    harness.connect5({0x28, 0x00, 0x29, 0x00, 0x2A, 0x00});
    EXPECT_EQ(harness.subscribe("a/#", Qos::at_most_once).status, Status::not_supported);
    EXPECT_EQ(harness.subscribe("$share/g/a", Qos::at_most_once).status, Status::not_supported);
    const Subscription plain{"a", Qos::at_most_once};
    EXPECT_EQ(harness.session.subscribe({&plain, 1}, {Packet{0x0B, 0x01}}).status, Status::not_supported);
    EXPECT_EQ(harness.session.subscribe({&plain, 1}).packet_id, 1) << "no packet id was spent";
}

TEST(Subscribe5, mqtt5_4_8_2_1_shared_ones_have_a_group_and_a_filter) {
    Harness harness;
    harness.connect5();
    EXPECT_EQ(harness.subscribe("$share/g/a/#", Qos::at_most_once).status, Status::ok);
    EXPECT_EQ(harness.subscribe("$share//a", Qos::at_most_once).status, Status::bad_topic);
    // [5: MQTT-4.8.2-2]
    EXPECT_EQ(harness.subscribe("$share/g+/a", Qos::at_most_once).status, Status::bad_topic);
    EXPECT_EQ(harness.subscribe("$share/+/a", Qos::at_most_once).status, Status::bad_topic);
    EXPECT_EQ(harness.subscribe("$share/g", Qos::at_most_once).status, Status::bad_topic);
    EXPECT_EQ(harness.subscribe("$share/g/", Qos::at_most_once).status, Status::bad_topic);
}

TEST(Subscribe5, mqtt5_3_8_3_4_no_local_is_not_for_shared_ones) {
    Harness harness;
    harness.connect5();
    const Subscription shared{"$share/g/a", Qos::at_most_once, true};
    EXPECT_EQ(harness.session.subscribe({&shared, 1}).status, Status::bad_argument);
}

TEST(Subscribe5, mqtt5_3_8_3_2_bad_arguments) {
    Harness harness;
    harness.connect5();
    EXPECT_EQ(harness.session.subscribe({}).status, Status::bad_argument);
    EXPECT_EQ(harness.session.unsubscribe({}).status, Status::bad_argument);  // [5: MQTT-3.10.3-2]
    EXPECT_EQ(harness.subscribe("\xFF", Qos::at_most_once).status, Status::bad_topic);
    EXPECT_EQ(harness.unsubscribe("\xFF").status, Status::bad_topic);  // [5: MQTT-3.10.3-1]
    const Subscription handling{"a", Qos::at_most_once, false, false, static_cast<RetainHandling>(3)};
    EXPECT_EQ(harness.session.subscribe({&handling, 1}).status, Status::bad_argument);
    const Subscription qos{"a", static_cast<Qos>(3)};
    EXPECT_EQ(harness.session.subscribe({&qos, 1}).status, Status::bad_argument);
    harness.session.transport_closed();
    harness.connect();
    const Subscription local{"a", Qos::at_most_once, true};
    EXPECT_EQ(harness.session.subscribe({&local, 1}).status, Status::bad_argument) << "3.1.1 has no options";
}

TEST(Unsubscribe5, mqtt5_3_11_3_1_a_code_for_each_filter) {
    Harness harness;
    harness.connect5();
    const std::array<std::string_view, 2> filters{"a", "b"};
    ASSERT_EQ(harness.session.unsubscribe(filters).packet_id, 1);
    // flags 0010 [5: MQTT-3.10.1-1]
    EXPECT_THAT(harness.drain(), ElementsAre("send a2 09 00 01 00 00 01 61 00 01 62"));
    EXPECT_THAT(harness.receive({0xB0, 0x05, 0x00, 0x01, 0x00, 0x00, 0x11}),
                ElementsAre("unsubscribed 1: 00 11"));
    ASSERT_EQ(harness.unsubscribe("c").packet_id, 2);
    harness.drain();
    EXPECT_THAT(harness.receive({0xB0, 0x05, 0x00, 0x02, 0x00, 0x00, 0x00}),
                ElementsAre("send e0 01 82", "close bad_return_code", "dropped 2"));
}

TEST(ProblemInformation, mqtt5_3_1_2_29_none_where_none_was_asked_for) {
    ConnectOptions options = options5();
    options.request_problem_information = false;
    const auto after = [&](const Packet& packet) {
        Harness harness;
        EXPECT_EQ(harness.session.connect(0, options), Status::ok);
        harness.drain();
        // still allowed in CONNACK: a reason string
        EXPECT_THAT(harness.receive(connack5({0x1F, 0x00, 0x00})), ElementsAre("connected [1f 00 00]"));
        EXPECT_EQ(harness.publish("a", "x", Qos::at_least_once).packet_id, 1);
        EXPECT_EQ(harness.subscribe("a", Qos::at_least_once).packet_id, 2);
        harness.drain();
        return harness.receive(packet);
    };
    EXPECT_EQ(after({0x40, 0x07, 0x00, 0x01, 0x00, 0x03, 0x1F, 0x00, 0x00}).at(1), "close bad_property");
    EXPECT_EQ(after({0x90, 0x09, 0x00, 0x02, 0x05, 0x26, 0x00, 0x00, 0x00, 0x00, 0x00}).at(1),
              "close bad_property");
    EXPECT_EQ(after({0x62, 0x07, 0x00, 0x01, 0x00, 0x03, 0x1F, 0x00, 0x00}).at(1), "close bad_property");
    EXPECT_EQ(after(message5(0x30, "a", {0x26, 0x00, 0x00, 0x00, 0x00})).size(), 1U);
    EXPECT_EQ(after({0x40, 0x02, 0x00, 0x01}), Lines{"published 1"});
}

}  // namespace
}  // namespace countersign::mqtt::test
