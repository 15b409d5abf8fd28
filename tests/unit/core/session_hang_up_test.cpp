// A message that the server hangs up on, again and again, must not keep the others from it for ever.
#include <string>

#include "core/mqtt/property.h"
#include "tests/unit/core/session_harness.h"

namespace countersign::mqtt::test {
namespace {

std::string sent(char first, std::uint8_t id, const char* payload) {
    return "send 3" + std::string(1, first) + " 06 00 01 61 00 0" + std::to_string(id) + " " + payload;
}

// The server hangs up on message 2 of three whenever it comes; it acknowledges what comes before it.
TEST(HangUp, the_message_is_found_and_given_up_and_the_others_arrive) {
    Harness harness;
    harness.connect(false);
    ASSERT_EQ(harness.publish("a", "1", Qos::at_least_once).packet_id, 1);
    ASSERT_EQ(harness.publish("a", "2", Qos::at_least_once).packet_id, 2);
    ASSERT_EQ(harness.publish("a", "3", Qos::at_least_once).packet_id, 3);
    harness.drain();
    harness.session.transport_closed(true);
    for (int suspected = 1; suspected < Session::kSuspected; ++suspected) {
        EXPECT_THAT(harness.reconnect(true),
                    ElementsAre(sent('a', 1, "31"), sent('a', 2, "32"), sent('a', 3, "33")));
        harness.session.transport_closed(true);
    }
    // Each goes alone now: the first is found innocent.
    EXPECT_THAT(harness.reconnect(true), ElementsAre(sent('a', 1, "31")));
    EXPECT_THAT(harness.receive(answer(0x40, 1)), ElementsAre("published 1", sent('a', 2, "32")));
    for (int hang_ups = Session::kSuspected + 1; hang_ups < Session::kHangUps; ++hang_ups) {
        harness.session.transport_closed(true);
        EXPECT_THAT(harness.drain(), IsEmpty());
        EXPECT_THAT(harness.reconnect(true), ElementsAre(sent('a', 2, "32")));
    }
    harness.session.transport_closed(true);
    EXPECT_THAT(harness.drain(), ElementsAre("dropped 2 hung_up_on"));
    EXPECT_THAT(harness.reconnect(true), ElementsAre(sent('a', 3, "33")));
    EXPECT_THAT(harness.receive(answer(0x40, 3)), ElementsAre("published 3"));
}

TEST(HangUp, a_line_that_breaks_costs_no_message) {
    Harness harness;
    harness.connect(false);
    ASSERT_EQ(harness.publish("a", "1", Qos::at_least_once).packet_id, 1);
    harness.drain();
    for (int i = 0; i < 3 * Session::kHangUps; ++i) {
        harness.session.transport_closed();
        EXPECT_THAT(harness.reconnect(true), ElementsAre(sent('a', 1, "31")));
    }
}

// Before CONNACK nothing was on its way; an own disconnect() is none of the server's.
TEST(HangUp, only_what_was_on_its_way_is_suspected) {
    Harness harness;
    harness.connect(false);
    ASSERT_EQ(harness.publish("a", "1", Qos::at_least_once).packet_id, 1);
    harness.drain();
    ConnectOptions options;
    options.client_id = "d1";
    options.clean_session = false;
    harness.session.transport_closed();
    for (int i = 0; i < 3 * Session::kHangUps; ++i) {
        ASSERT_EQ(harness.session.connect(0, options), Status::ok);
        harness.drain();
        harness.session.transport_closed(true);
        EXPECT_THAT(harness.drain(), IsEmpty());
    }
}

// What the server has taken over it does not hang up on: PUBREL is not a message.
TEST(HangUp, a_released_message_is_not_given_up) {
    Harness harness;
    harness.connect(false);
    ASSERT_EQ(harness.publish("a", "1", Qos::exactly_once).packet_id, 1);
    harness.drain();
    harness.receive(answer(0x50, 1));
    for (int i = 0; i < 3 * Session::kHangUps; ++i) {
        harness.session.transport_closed(true);
        EXPECT_THAT(harness.reconnect(true), ElementsAre("send 62 02 00 01"));
    }
}

// 5: DISCONNECT says what the server did not bear (3.14.2.1).
TEST(HangUp, mqtt5_3_14_2_1_a_goodbye_about_a_message_counts_and_one_about_the_server_does_not) {
    const auto goodbye = [](Harness& harness, std::uint8_t reason) {
        harness.receive({0xE0, 0x01, reason});  // it closes by itself
    };
    for (const auto& [reason, given_up] :
         std::vector<std::pair<std::uint8_t, bool>>{{0x95, true}, {0x8B, false}}) {
        Harness harness;
        harness.connect5();
        ASSERT_EQ(harness.publish("a", "1", Qos::at_least_once).packet_id, 1);
        harness.drain();
        for (int i = 1; i < Session::kHangUps; ++i) {
            goodbye(harness, reason);
            harness.connect5({}, true);
        }
        goodbye(harness, reason);
        EXPECT_EQ(harness.session.unacknowledged(), given_up ? 0U : 1U) << int{reason};
    }
}

TEST(Sendable, mqtt5_3_3_2_3_2_content_that_says_it_is_text_is) {
    const Packet says_text{0x01, 0x01};
    Message message{"a", as_bytes("gr\xC3\xBC\xC3\x9F"), Qos::at_most_once, false, {says_text}};
    EXPECT_EQ(valid_message(message, Version::v5), Status::ok);
    message.payload = as_bytes(std::string_view("a\0b", 3));
    EXPECT_EQ(valid_message(message, Version::v5), Status::ok);
    for (const std::string_view bad : {std::string_view("\xFF"), std::string_view("a\0\xC3", 3)}) {
        message.payload = as_bytes(bad);
        EXPECT_EQ(valid_message(message, Version::v5), Status::bad_argument);
    }
    message.properties = {};
    EXPECT_EQ(valid_message(message, Version::v5), Status::ok);
}

TEST(Sendable, a_user_property_that_a_server_may_hang_up_on_is_refused) {
    const Packet property{0x26, 0x00, 0x01, 'k', 0x00, 0x01, '\n'};
    EXPECT_EQ(valid_message({"a", {}, Qos::at_most_once, false, {property}}, Version::v5),
              Status::bad_argument);
}

}  // namespace
}  // namespace countersign::mqtt::test
