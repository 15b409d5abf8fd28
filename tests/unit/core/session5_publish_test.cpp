// Messages of ours in MQTT 5: what the server says to them, and what it takes at all.
#include <string>

#include "core/mqtt/property.h"
#include "tests/unit/core/session_harness.h"

namespace countersign::mqtt::test {
namespace {

// PUBLISH of QoS 1 or 2 to "a", no properties, payload of one letter
std::string sent(const char* first_byte, const char* id, const char* payload) {
    return std::string("send ") + first_byte + " 07 00 01 61 00 " + id + " 00 " + payload;
}

// An acknowledgement with a reason code
Packet answer5(std::uint8_t first, std::uint8_t id, std::uint8_t reason) {
    return {first, 0x03, 0x00, id, reason};
}

TEST(Publish5, properties_stand_before_the_payload) {
    Harness harness;
    harness.connect5();
    Packet room(64);
    const Properties properties = PropertyWriter(room)
                                      .number(Property::message_expiry_interval, 60)
                                      .text(Property::response_topic, "r")
                                      .binary(Property::correlation_data, as_bytes("c"))
                                      .done();
    ASSERT_EQ(harness.session.publish({"a", as_bytes("x"), Qos::at_least_once, false, properties}).status,
              Status::ok);
    const Packet expected{0x32, 0x14, 0x00, 0x01, 'a',  0x00, 0x01,  // PUBLISH, length 20, topic, packet id
                          0x0D,                                      // 13 bytes of properties
                          0x02, 0x00, 0x00, 0x00, 0x3C,              // message expiry interval
                          0x08, 0x00, 0x01, 'r',                     // response topic
                          0x09, 0x00, 0x01, 'c',                     // correlation data
                          'x'};
    EXPECT_THAT(harness.drain(), ElementsAre("send " + hex(expected)));
}

TEST(Publish5, properties_are_of_5_only) {
    Harness harness;
    harness.connect();
    const Packet user{0x26, 0x00, 0x00, 0x00, 0x00};
    EXPECT_EQ(harness.session.publish({"a", {}, Qos::at_most_once, false, {user}}).status,
              Status::bad_argument);
}

TEST(Publish5, mqtt5_4_3_2_2_qos_1_then_no_matching_subscribers) {
    Harness harness;
    harness.connect5();
    ASSERT_EQ(harness.publish("a", "x", Qos::at_least_once).packet_id, 1);
    EXPECT_THAT(harness.drain(), ElementsAre(sent("32", "01", "78")));
    EXPECT_THAT(harness.receive(answer5(0x40, 1, 0x10)), ElementsAre("published 1 10"));
    EXPECT_EQ(harness.session.unacknowledged(), 0U);  // [5: MQTT-4.3.2-3]
}

TEST(Publish5, mqtt5_4_4_0_2_a_refusal_is_told_by_packet_id_and_final) {
    Harness harness;
    harness.connect5();
    ASSERT_EQ(harness.publish("a", "x", Qos::at_least_once).packet_id, 1);
    ASSERT_EQ(harness.publish("a", "y", Qos::exactly_once).packet_id, 2);
    harness.drain();
    // PUBACK: not authorized, reason string "no"
    EXPECT_THAT(harness.receive({0x40, 0x09, 0x00, 0x01, 0x87, 0x05, 0x1F, 0x00, 0x02, 'n', 'o'}),
                ElementsAre("rejected 1 87 [1f 00 02 6e 6f]"));
    EXPECT_THAT(harness.receive(answer5(0x50, 2, 0x97)), ElementsAre("rejected 2 97"));
    EXPECT_EQ(harness.session.unacknowledged(), 0U);
    harness.session.transport_closed();
    EXPECT_THAT(harness.connect5({}, true), ElementsAre("connected session"));
}

TEST(Publish5, mqtt5_4_3_3_2_qos_2) {
    Harness harness;
    harness.connect5();
    ASSERT_EQ(harness.publish("a", "x", Qos::exactly_once).packet_id, 1);
    EXPECT_THAT(harness.drain(), ElementsAre(sent("34", "01", "78")));
    EXPECT_THAT(harness.receive(answer5(0x50, 1, 0x10)),
                ElementsAre("send 62 02 00 01"));     // [5: MQTT-4.3.3-4]
    EXPECT_EQ(harness.session.unacknowledged(), 1U);  // [5: MQTT-4.3.3-5]
    EXPECT_THAT(harness.receive({0x70, 0x02, 0x00, 0x01}), ElementsAre("published 1"));
}

TEST(Publish5, a_pubcomp_that_does_not_know_the_packet_id_ends_it_too) {
    Harness harness;
    harness.connect5();
    ASSERT_EQ(harness.publish("a", "x", Qos::exactly_once).packet_id, 1);
    harness.drain();
    harness.receive(answer5(0x50, 1, 0x00));
    EXPECT_THAT(harness.receive(answer5(0x70, 1, 0x92)), ElementsAre("published 1 92"));
}

TEST(Publish5, a_pubrec_of_something_unknown_is_answered_with_not_found) {
    Harness harness;
    harness.connect5();
    EXPECT_THAT(harness.receive(answer5(0x50, 9, 0x00)), ElementsAre("send 62 03 00 09 92"));
    EXPECT_THAT(harness.receive(answer5(0x50, 9, 0x97)), IsEmpty());  // nothing to release
}

TEST(Publish5, a_refusal_after_pubrec_said_yes) {
    Harness harness;
    harness.connect5();
    ASSERT_EQ(harness.publish("a", "x", Qos::exactly_once).packet_id, 1);
    harness.drain();
    harness.receive(answer5(0x50, 1, 0x00));
    EXPECT_THAT(harness.receive(answer5(0x50, 1, 0x97)),
                ElementsAre("send e0 01 82", "close wrong_acknowledgement"));
}

TEST(ReceiveMaximum, mqtt5_3_3_4_7_the_server_bounds_the_window) {
    Harness harness;
    harness.connect5({0x21, 0x00, 0x02});
    for (const char* payload : {"1", "2", "3"}) {
        ASSERT_EQ(harness.publish("a", payload, Qos::exactly_once).status, Status::ok);
    }
    EXPECT_THAT(harness.drain(), ElementsAre(sent("34", "01", "31"), sent("34", "02", "32")));
    // [5: MQTT-4.9.0-2]: only the end of an exchange frees its place
    EXPECT_THAT(harness.receive(answer5(0x50, 1, 0x00)), ElementsAre("send 62 02 00 01"));
    EXPECT_THAT(harness.receive(answer(0x70, 1)), ElementsAre("published 1", sent("34", "03", "33")));
}

TEST(ReceiveMaximum, a_refusal_frees_its_place) {
    Harness harness;
    harness.connect5({0x21, 0x00, 0x01});
    ASSERT_EQ(harness.publish("a", "1", Qos::exactly_once).status, Status::ok);
    ASSERT_EQ(harness.publish("a", "2", Qos::exactly_once).status, Status::ok);
    EXPECT_EQ(harness.drain().size(), 1U);
    EXPECT_THAT(harness.receive(answer5(0x50, 1, 0x97)),
                ElementsAre("rejected 1 97", sent("34", "02", "32")));
}

TEST(ReceiveMaximum, mqtt5_3_3_4_8_holds_back_nothing_else) {
    Harness harness;
    harness.connect5({0x21, 0x00, 0x01});
    ASSERT_EQ(harness.publish("a", "1", Qos::at_least_once).status, Status::ok);
    ASSERT_EQ(harness.publish("a", "2", Qos::at_least_once).status, Status::ok);
    harness.drain();
    ASSERT_EQ(harness.publish("a", "0", Qos::at_most_once).status, Status::ok);
    ASSERT_EQ(harness.subscribe("b", Qos::at_most_once).status, Status::ok);
    EXPECT_THAT(harness.drain(), ElementsAre("send 30 05 00 01 61 00 30 82 07 00 03 00 00 01 62 00"));
    // [5: MQTT-4.9.0-3]: and what comes is answered
    EXPECT_THAT(harness.receive({0x32, 0x07, 0x00, 0x01, 'a', 0x00, 0x07, 0x00, 'x'}),
                ElementsAre("message a qos1: x", "send 40 02 00 07"));
}

TEST(ReceiveMaximum, mqtt5_4_9_0_1_counts_anew_with_each_connection) {
    Harness harness;
    harness.connect5();
    for (const char* payload : {"1", "2", "3"}) {
        ASSERT_EQ(harness.publish("a", payload, Qos::at_least_once).status, Status::ok);
    }
    EXPECT_EQ(harness.drain().size(), 3U);
    harness.session.transport_closed();
    // the server takes less than before: also what is sent again has to wait
    EXPECT_THAT(harness.connect5({0x21, 0x00, 0x02}, true),
                ElementsAre("connected session [21 00 02]", sent("3a", "01", "31"), sent("3a", "02", "32")));
    EXPECT_THAT(harness.receive(answer(0x40, 1)), ElementsAre("published 1", sent("3a", "03", "33")));
}

TEST(ReceiveMaximum, a_release_sent_again_takes_no_place) {
    Harness harness;
    harness.connect5();
    ASSERT_EQ(harness.publish("a", "1", Qos::exactly_once).status, Status::ok);
    ASSERT_EQ(harness.publish("a", "2", Qos::exactly_once).status, Status::ok);
    harness.drain();
    harness.receive(answer(0x50, 1));
    harness.session.transport_closed();
    EXPECT_THAT(harness.connect5({0x21, 0x00, 0x01}, true),
                ElementsAre("connected session [21 00 01]", "send 62 02 00 01", sent("3c", "02", "32")));
    // the end of the first must not make room for more than there is
    ASSERT_EQ(harness.publish("a", "3", Qos::exactly_once).status, Status::ok);
    EXPECT_THAT(harness.receive(answer(0x70, 1)), ElementsAre("published 1"));
    harness.receive(answer(0x50, 2));
    EXPECT_THAT(harness.receive(answer(0x70, 2)), ElementsAre("published 2", sent("34", "03", "33")));
}

TEST(Server, mqtt5_3_2_2_11_no_qos_it_does_not_take) {
    Harness harness;
    harness.connect5({0x24, 0x00});
    EXPECT_EQ(harness.publish("a", "x", Qos::at_least_once).status, Status::not_supported);
    EXPECT_EQ(harness.publish("a", "x", Qos::at_most_once).status, Status::ok);
    EXPECT_EQ(harness.subscribe("a", Qos::exactly_once).status, Status::ok) << "that is another matter";
}

TEST(Server, mqtt5_3_2_2_14_nothing_to_be_retained) {
    Harness harness;
    harness.connect5({0x25, 0x00});
    EXPECT_EQ(harness.publish("a", "x", Qos::at_most_once, true).status, Status::not_supported);
    EXPECT_EQ(harness.publish("a", "x", Qos::at_most_once).status, Status::ok);
}

TEST(Server, mqtt5_3_2_2_15_no_larger_packet) {
    Harness harness;
    harness.connect5({0x27, 0x00, 0x00, 0x00, 0x0A});                                       // 10 bytes
    EXPECT_EQ(harness.publish("a", "123", Qos::at_least_once).status, Status::too_large);   // 11
    EXPECT_EQ(harness.publish("a", "12", Qos::at_least_once).status, Status::ok);           // 10
    EXPECT_EQ(harness.publish("a", "12345", Qos::at_most_once).status, Status::too_large);  // 11
    EXPECT_EQ(harness.publish("a", "1234", Qos::at_most_once).status, Status::ok);
    EXPECT_EQ(harness.subscribe("abc", Qos::at_most_once).status, Status::too_large);
}

TEST(Server, messages_taken_before_it_was_known_are_dropped_with_the_reason) {
    Sizes sizes;
    sizes.limits.version = Version::v5;
    Harness harness(sizes);
    ASSERT_EQ(harness.publish("a", "too long", Qos::at_least_once).packet_id, 1);
    ASSERT_EQ(harness.publish("a", "x", Qos::exactly_once).packet_id, 2);
    ASSERT_EQ(harness.publish("a", "x", Qos::at_least_once, true).packet_id, 3);
    ASSERT_EQ(harness.publish("a", "x", Qos::at_least_once).packet_id, 4);
    EXPECT_THAT(harness.connect5({0x24, 0x01, 0x25, 0x00, 0x27, 0x00, 0x00, 0x00, 0x0A}),
                ElementsAre("connected [24 01 25 00 27 00 00 00 0a]", "dropped 1 too_large",
                            "dropped 2 not_supported", "dropped 3 not_supported", sent("32", "04", "78")));
}

class Expiry : public testing::Test {
  protected:
    Accepted publish(Qos qos) {
        const Packet minute{0x26, 0x00, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x3C};
        return harness.session.publish({"a", {}, qos, false, {minute}});
    }
    // PUBLISH with the user property and what is left of the minute
    static std::string sent(const char* first_byte, const char* seconds) {
        return std::string("send ") + first_byte + " 10 00 01 61 00 01 0a 26 00 00 00 00 02 00 00 00 " +
               seconds;
    }
    Sizes sizes = [] {
        Sizes with_version;
        with_version.limits.version = Version::v5;
        return with_version;
    }();
    Harness harness{sizes};
};

TEST_F(Expiry, the_time_a_message_has_waited_is_taken_off) {
    harness.session.tick(5'000);
    ASSERT_EQ(publish(Qos::at_least_once).status, Status::ok);
    EXPECT_THAT(harness.connect5({}, false, 64'999), ElementsAre("connected", sent("32", "01")));
}

TEST_F(Expiry, a_message_that_has_waited_too_long_is_dropped) {
    harness.session.tick(5'000);
    ASSERT_EQ(publish(Qos::at_least_once).status, Status::ok);
    EXPECT_THAT(harness.connect5({}, false, 65'000), ElementsAre("connected", "dropped 1 expired"));
}

TEST_F(Expiry, of_no_time_at_all_is_now_or_never) {
    const Packet zero{0x02, 0x00, 0x00, 0x00, 0x00};
    const Message message{"a", {}, Qos::at_least_once, false, {zero}};
    harness.connect5();
    ASSERT_EQ(harness.session.publish(message).packet_id, 1);
    EXPECT_THAT(harness.drain(), ElementsAre("send 32 0b 00 01 61 00 01 05 02 00 00 00 00"));
    harness.session.transport_closed();
    ASSERT_EQ(harness.session.publish(message).packet_id, 2);
    EXPECT_THAT(harness.connect5({}, false, 1'000),
                ElementsAre("connected", "dropped 1", "dropped 2 expired"));
}

TEST_F(Expiry, mqtt5_4_3_3_7_not_once_it_has_been_sent) {
    harness.connect5();
    ASSERT_EQ(publish(Qos::exactly_once).status, Status::ok);
    EXPECT_THAT(harness.drain(), ElementsAre(sent("34", "3c")));
    harness.session.transport_closed();
    EXPECT_THAT(harness.connect5({}, true, 90'000), ElementsAre("connected session", sent("3c", "3c")));
}

class Aliases : public testing::Test {
  protected:
    std::string send(std::string_view topic) {
        EXPECT_EQ(harness.publish(topic, "x", Qos::at_most_once).status, Status::ok);
        const Lines lines = harness.drain();
        return lines.size() == 1 ? lines[0] : "nothing";
    }
    Sizes sizes = [] {
        Sizes with_aliases;
        with_aliases.aliases_out = 12;  // three topics of up to two bytes
        with_aliases.limits.topic_aliases_out = 3;
        return with_aliases;
    }();
    Harness harness{sizes};
};

TEST_F(Aliases, a_topic_is_said_once) {
    harness.connect5({0x22, 0x00, 0x0A});
    EXPECT_EQ(send("a"), "send 30 08 00 01 61 03 23 00 01 78");
    EXPECT_EQ(send("a"), "send 30 07 00 00 03 23 00 01 78");
    EXPECT_EQ(send("b"), "send 30 08 00 01 62 03 23 00 02 78");
    EXPECT_EQ(send("b"), "send 30 07 00 00 03 23 00 02 78");
}

TEST_F(Aliases, mqtt5_3_2_2_18_none_where_the_server_has_none) {
    harness.connect5();
    EXPECT_EQ(send("a"), "send 30 05 00 01 61 00 78");
    EXPECT_EQ(send("a"), "send 30 05 00 01 61 00 78");
}

TEST_F(Aliases, mqtt5_3_3_2_9_no_more_than_the_server_has) {
    harness.connect5({0x22, 0x00, 0x01});                        // [5: MQTT-3.2.2-17]
    EXPECT_EQ(send("a"), "send 30 08 00 01 61 03 23 00 01 78");  // from 1 on [5: MQTT-3.3.2-8]
    EXPECT_EQ(send("b"), "send 30 05 00 01 62 00 78");
    EXPECT_EQ(send("a"), "send 30 07 00 00 03 23 00 01 78");
}

TEST_F(Aliases, a_topic_too_long_to_keep_goes_in_full) {
    harness.connect5({0x22, 0x00, 0x0A});
    EXPECT_EQ(send("abc"), "send 30 07 00 03 61 62 63 00 78");
    EXPECT_EQ(send("abc"), "send 30 07 00 03 61 62 63 00 78");
}

TEST_F(Aliases, mqtt5_3_3_2_7_mean_nothing_to_the_next_connection) {
    harness.connect5({0x22, 0x00, 0x0A});
    EXPECT_EQ(send("a"), "send 30 08 00 01 61 03 23 00 01 78");
    harness.session.transport_closed();
    harness.connect5({0x22, 0x00, 0x0A});
    EXPECT_EQ(send("a"), "send 30 08 00 01 61 03 23 00 01 78");
}

TEST_F(Aliases, a_message_that_found_no_room_has_introduced_nothing) {
    harness.connect5({0x22, 0x00, 0x0A});
    EXPECT_EQ(harness.publish("a", std::string(200, 'x'), Qos::at_most_once).status, Status::too_large);
    EXPECT_EQ(send("a"), "send 30 08 00 01 61 03 23 00 01 78");
}

TEST_F(Aliases, messages_that_may_be_sent_again_have_their_topic) {
    harness.connect5({0x22, 0x00, 0x0A});
    for (int i = 0; i < 2; ++i) {
        ASSERT_EQ(harness.publish("a", "x", Qos::at_least_once).status, Status::ok);
        EXPECT_EQ(harness.drain().at(0).substr(0, 19), "send 32 07 00 01 61");
    }
}

}  // namespace
}  // namespace countersign::mqtt::test
