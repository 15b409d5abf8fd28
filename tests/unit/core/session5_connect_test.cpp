// CONNECT, CONNACK and DISCONNECT of MQTT 5.
#include <string>

#include "core/mqtt/property.h"
#include "tests/unit/core/session_harness.h"

namespace countersign::mqtt::test {
namespace {

constexpr std::uint8_t kNotAuthorized = 0x87;

TEST(Connect5, says_what_there_is_memory_for) {
    Harness harness;  // receives 64 bytes, remembers 4 messages of QoS 2
    ASSERT_EQ(harness.session.connect(0, options5()), Status::ok);
    const Packet expected{
        0x10, 0x1C,  // CONNECT, remaining length 28
        0x00, 0x04, 'M',  'Q',  'T',
        'T',  0x05,                    // protocol name [5: MQTT-3.1.2-1], version [5: MQTT-3.1.2-2]
        0x00,                          // no flag; the reserved one is 0 [5: MQTT-3.1.2-3]
        0x00, 0x3C,                    // keepalive 60 s
        0x0D,                          // 13 bytes of properties [5: MQTT-2.2.2-1]
        0x11, 0x00, 0x00, 0x00, 0x64,  // session expiry interval 100 s
        0x21, 0x00, 0x04,              // receive maximum 4
        0x27, 0x00, 0x00, 0x00, 0x42,  // maximum packet size 2 + 64
        0x00, 0x02, 'd',  '1',         // client id [5: MQTT-3.1.3-3]
    };
    // nothing of a will [5: MQTT-3.1.2-11], [5: MQTT-3.1.2-13], nor a user name [5: MQTT-3.1.2-16]
    EXPECT_THAT(harness.drain(), ElementsAre("send " + hex(expected)));
}

TEST(Connect5, mqtt5_3_1_3_1_everything_in_its_order) {
    Sizes sizes;
    sizes.aliases_in = 60;
    sizes.limits.topic_aliases_in = 3;
    Harness harness(sizes);
    const Packet will_properties{0x18, 0x00, 0x00, 0x00, 0x05};  // will delay interval 5 s
    const Message will{"w", as_bytes("x"), Qos::at_least_once, true, {will_properties}};
    const Packet properties{0x26, 0x00, 0x01, 'k', 0x00, 0x01, 'v'};
    ConnectOptions options = options5();
    options.clean_session = true;
    options.will = &will;
    options.has_user_name = true;
    options.user_name = "u";
    options.has_password = true;
    options.password = as_bytes("p");
    options.request_problem_information = false;
    options.maximum_packet_size = 32;
    options.receive_maximum = 2;
    options.properties = {properties};
    ASSERT_EQ(harness.session.connect(0, options), Status::ok);
    const Packet expected{
        0x10, 0x3A,                                // CONNECT, remaining length 58
        0x00, 0x04, 'M',  'Q',  'T',  'T',  0x05,  // protocol name, version
        0xEE,                          // user name, password, will retain, QoS 1, will, clean start
        0x00, 0x3C,                    // keepalive
        0x19,                          // 25 bytes of properties
        0x11, 0x00, 0x00, 0x00, 0x64,  // session expiry interval
        0x21, 0x00, 0x02,              // receive maximum, less than we could
        0x27, 0x00, 0x00, 0x00, 0x20,  // maximum packet size, likewise
        0x22, 0x00, 0x03,              // topic alias maximum
        0x17, 0x00,                    // no problem information
        0x26, 0x00, 0x01, 'k',  0x00, 0x01, 'v',  // user property
        0x00, 0x02, 'd',  '1',                    // client id
        0x05, 0x18, 0x00, 0x00, 0x00, 0x05,       // will properties [5: MQTT-3.1.2-9]
        0x00, 0x01, 'w',  0x00, 0x01, 'x',        // will topic, will payload
        0x00, 0x01, 'u',  0x00, 0x01, 'p',        // user name, password [5: MQTT-3.1.2-17]
    };
    EXPECT_EQ(harness.drain(), Lines{"send " + hex(expected)});
}

TEST(Connect5, a_password_without_a_user_name_and_no_client_id) {
    ConnectOptions options = options5();
    options.client_id = "";
    options.has_password = true;  // [5: MQTT-3.1.2-18], [5: MQTT-3.1.2-19]
    EXPECT_EQ(valid_connect(options), Status::ok);
    options.version = Version::v3_1_1;
    EXPECT_EQ(valid_connect(options), Status::bad_argument);
}

TEST(Connect5, bad_arguments) {
    ConnectOptions options = options5();
    options.receive_maximum = 0;
    EXPECT_EQ(valid_connect(options), Status::bad_argument);
    options = options5();
    options.user_name = "\xFF";
    options.has_user_name = true;
    EXPECT_EQ(valid_connect(options), Status::bad_argument);  // [5: MQTT-3.1.3-12]
    options = options5();
    options.client_id = "\xFF";
    EXPECT_EQ(valid_connect(options), Status::bad_argument);  // [5: MQTT-3.1.3-4]
    options = options5();
    Message will{"a/#", {}};
    options.will = &will;
    EXPECT_EQ(valid_connect(options), Status::bad_topic);
    will.topic = "\xFF";
    EXPECT_EQ(valid_connect(options), Status::bad_topic);  // [5: MQTT-3.1.3-11]
    will.topic = "a";
    will.qos = static_cast<Qos>(3);
    EXPECT_EQ(valid_connect(options), Status::bad_argument);  // [5: MQTT-3.1.2-12]
    options = options5();
    options.version = static_cast<Version>(6);
    EXPECT_EQ(valid_connect(options), Status::bad_argument);
    options = options5();
    options.version = Version::v3_1_1;
    EXPECT_EQ(valid_connect(options), Status::bad_argument) << "3.1.1 has no session expiry interval";
}

TEST(Connect5, accepted) {
    Harness harness;
    EXPECT_THAT(harness.connect5(), ElementsAre("connected"));
    EXPECT_TRUE(harness.session.connected());
    EXPECT_EQ(harness.session.version(), Version::v5);
}

TEST(Connect5, mqtt5_3_2_2_16_the_assigned_client_id_is_handed_out) {
    Harness harness;
    EXPECT_THAT(harness.connect5({0x12, 0x00, 0x02, 'i', 'd'}), ElementsAre("connected [12 00 02 69 64]"));
}

TEST(Connect5, mqtt5_3_2_2_21_the_servers_keep_alive_counts) {
    Harness harness;
    harness.connect5({0x13, 0x00, 0x10});  // 16 s
    EXPECT_EQ(harness.session.deadline(), 14'000U);
    harness.session.tick(14'000);
    EXPECT_THAT(harness.drain(), ElementsAre("send c0 00"));  // [5: MQTT-3.1.2-20]
}

TEST(Connect5, mqtt5_3_1_2_21_a_server_keep_alive_of_zero_is_none) {
    Harness harness;
    harness.connect5({0x13, 0x00, 0x00});
    EXPECT_EQ(harness.session.deadline(), kNever);
}

TEST(Connect5, what_the_server_takes) {
    Harness harness;
    harness.connect5({0x21, 0x00, 0x02,              // receive maximum 2
                      0x22, 0x00, 0x05,              // topic alias maximum 5
                      0x24, 0x01,                    // maximum QoS 1
                      0x25, 0x00,                    // nothing retained
                      0x27, 0x00, 0x00, 0x01, 0x00,  // packets of 256 bytes
                      0x28, 0x00, 0x29, 0x00, 0x2A, 0x00});
    const Server& server = harness.session.server();
    EXPECT_EQ(server.receive_maximum, 2);
    EXPECT_EQ(server.topic_alias_maximum, 5);
    EXPECT_EQ(server.maximum_qos, Qos::at_least_once);
    EXPECT_EQ(server.maximum_packet_size, 256U);
    EXPECT_FALSE(server.retain_available || server.wildcards_available || server.subscription_ids_available ||
                 server.shared_available);
}

TEST(Connect5, mqtt5_3_2_2_15_a_limit_that_no_answer_fits_in) {
    for (std::uint8_t limit = 1; limit < 4; ++limit) {
        Harness harness;
        EXPECT_THAT(harness.connect5({0x27, 0x00, 0x00, 0x00, limit}), ElementsAre("close limit_too_small"));
        EXPECT_EQ(harness.session.deadline(), kNever);
    }
    Harness harness;
    EXPECT_THAT(harness.connect5({0x27, 0x00, 0x00, 0x00, 0x04}), ElementsAre("connected [27 00 00 00 04]"));
}

TEST(Connect5, mqtt5_3_2_2_7_refused_with_its_reason_and_nothing_said) {
    Harness harness;
    ASSERT_EQ(harness.session.connect(0, options5()), Status::ok);
    harness.drain();
    EXPECT_THAT(harness.receive(connack5({0x1F, 0x00, 0x02, 'n', 'o'}, 0, kNotAuthorized)),
                ElementsAre("refused 87 [1f 00 02 6e 6f]", "close refused"));  // [5: MQTT-4.13.2-1]
}

// 5: 3.1.2.2: what a server that only knows 3.1.1 answers.
TEST(Connect5, a_server_of_3_1_1_is_told_apart) {
    Harness harness;
    ASSERT_EQ(harness.session.connect(0, options5()), Status::ok);
    harness.drain();
    EXPECT_THAT(harness.receive(connack(0, 1)), ElementsAre("refused 84", "close refused"));
    harness.connect();  // and may be spoken to in its own words
}

TEST(Connect5, mqtt5_3_2_2_5_without_the_servers_session_ours_is_discarded) {
    Harness harness;
    EXPECT_THAT(harness.connect5(), ElementsAre("connected"));
    ASSERT_EQ(harness.publish("a", "x", Qos::at_least_once).packet_id, 1);
    harness.drain();
    harness.session.transport_closed();
    EXPECT_THAT(harness.connect5(), ElementsAre("connected", "dropped 1"));
}

TEST(Connect5, mqtt5_3_1_2_4_clean_start_begins_anew) {
    Harness harness;
    harness.connect5();
    ASSERT_EQ(harness.publish("a", "x", Qos::at_least_once).packet_id, 1);
    harness.drain();
    harness.session.transport_closed();
    ConnectOptions options = options5();
    options.clean_session = true;
    ASSERT_EQ(harness.session.connect(0, options), Status::ok);
    harness.drain();
    EXPECT_THAT(harness.receive(connack5()), ElementsAre("connected", "dropped 1"));
}

TEST(Connect5, mqtt5_3_2_2_2_no_session_present_after_a_clean_start) {
    Harness harness;
    ConnectOptions options = options5();
    options.clean_session = true;  // we have no session then [5: MQTT-3.2.2-4]
    ASSERT_EQ(harness.session.connect(0, options), Status::ok);
    harness.drain();
    EXPECT_THAT(harness.receive(connack5({}, 1)), ElementsAre("send e0 01 82", "close bad_session_present"));
}

TEST(Connect5, messages_of_another_version_must_be_gone_first) {
    Harness harness;
    ASSERT_EQ(harness.publish("a", "x", Qos::at_least_once).status, Status::ok);  // as 3.1.1: Limits::version
    EXPECT_EQ(harness.session.connect(0, options5()), Status::bad_argument);
    EXPECT_THAT(harness.reconnect(false), ElementsAre("send 32 06 00 01 61 00 01 78"));
    harness.receive(answer(0x40, 1));
    harness.session.transport_closed();
    EXPECT_THAT(harness.connect5(), ElementsAre("connected"));
}

TEST(Connect5, messages_before_the_first_connection_are_of_the_version_in_the_limits) {
    Sizes sizes;
    sizes.limits.version = Version::v5;
    Harness harness(sizes);
    ASSERT_EQ(harness.publish("a", "x", Qos::at_least_once).status, Status::ok);
    // topic, packet id, no properties [5: MQTT-2.2.2-1]
    EXPECT_THAT(harness.connect5(), ElementsAre("connected", "send 32 07 00 01 61 00 01 00 78"));
}

TEST(Disconnect5, mqtt5_3_14_4_1_with_nothing_to_say) {
    Harness harness;
    harness.connect5();
    ASSERT_EQ(harness.session.disconnect(), Status::ok);
    EXPECT_EQ(harness.publish("a", "y", Qos::at_most_once).status, Status::not_connected);
    EXPECT_THAT(harness.drain(), ElementsAre("send e0 00", "close none"));  // [5: MQTT-3.14.4-2]
}

TEST(Disconnect5, with_the_will_and_properties) {
    Harness harness;
    harness.connect5();
    ASSERT_EQ(harness.session.disconnect(ReasonCode::disconnect_with_will), Status::ok);
    EXPECT_THAT(harness.drain(), ElementsAre("send e0 01 04", "close none"));
    harness.connect5();
    const Packet expiry{0x11, 0x00, 0x00, 0x00, 0x05};
    ASSERT_EQ(harness.session.disconnect(ReasonCode::success, {expiry}), Status::ok);
    EXPECT_THAT(harness.drain(), ElementsAre("send e0 07 00 05 11 00 00 00 05", "close none"));
}

TEST(Disconnect5, mqtt5_3_14_2_1_only_reasons_a_client_may_give) {
    Harness harness;
    harness.connect5();
    EXPECT_EQ(harness.session.disconnect(ReasonCode::session_taken_over), Status::bad_argument);
    EXPECT_EQ(harness.session.disconnect(ReasonCode::not_authorized), Status::bad_argument);
    const Packet reference{0x1C, 0x00, 0x01, 's'};
    EXPECT_EQ(harness.session.disconnect(ReasonCode::success, {reference}), Status::bad_argument);
    EXPECT_TRUE(harness.session.connected());
}

// 5: 3.14.2.2.2
TEST(Disconnect5, a_session_that_ends_with_its_connection_is_not_kept_at_the_last_moment) {
    Harness harness;
    ConnectOptions options = options5();
    options.session_expiry_seconds = 0;
    ASSERT_EQ(harness.session.connect(0, options), Status::ok);
    harness.drain();
    harness.receive(connack5());
    const Packet some{0x11, 0x00, 0x00, 0x00, 0x05};
    EXPECT_EQ(harness.session.disconnect(ReasonCode::success, {some}), Status::bad_argument);
    const Packet none{0x11, 0x00, 0x00, 0x00, 0x00};
    EXPECT_EQ(harness.session.disconnect(ReasonCode::success, {none}), Status::ok);
}

TEST(Disconnect5, is_of_5_only) {
    Harness harness;
    harness.connect();
    EXPECT_EQ(harness.session.disconnect(ReasonCode::disconnect_with_will), Status::bad_argument);
    EXPECT_EQ(harness.session.disconnect(), Status::ok);
}

TEST(Disconnect5, mqtt5_3_14_4_of_the_server_with_its_reason) {
    Harness harness;
    harness.connect5();
    // DISCONNECT: session taken over, reason string "bye"
    EXPECT_THAT(harness.receive({0xE0, 0x08, 0x8E, 0x06, 0x1F, 0x00, 0x03, 'b', 'y', 'e'}),
                ElementsAre("disconnected 8e [1f 00 03 62 79 65]", "close server_disconnected"));
    EXPECT_FALSE(harness.session.connected());
}

TEST(Disconnect5, of_the_server_without_a_word) {
    Harness harness;
    harness.connect5();
    EXPECT_THAT(harness.receive({0xE0, 0x00}), ElementsAre("disconnected 00", "close server_disconnected"));
}

TEST(Auth, mqtt5_4_12_0_6_unasked_for_is_refused_with_its_reason) {
    Harness harness;
    harness.connect5();
    // AUTH: continue authentication, method "m"
    const Packet auth{0xF0, 0x06, 0x18, 0x04, 0x15, 0x00, 0x01, 'm'};
    EXPECT_THAT(harness.receive(auth), ElementsAre("send e0 01 82", "close unwanted_authentication"));
    ASSERT_EQ(harness.session.connect(0, options5()), Status::ok);
    harness.drain();
    EXPECT_THAT(harness.receive(auth), ElementsAre("send e0 01 82", "close unwanted_authentication"));
}

TEST(Auth, mqtt5_4_12_0_6_no_method_in_connack) {
    Harness harness;
    EXPECT_THAT(harness.connect5({0x15, 0x00, 0x01, 'm'}),
                ElementsAre("send e0 01 82", "close unwanted_authentication"));
}

TEST(KeepAlive5, a_dead_line_is_told_nothing) {
    Harness harness;
    harness.connect5();
    harness.session.tick(harness.session.deadline());
    harness.drain();
    harness.session.tick(harness.session.deadline());
    EXPECT_THAT(harness.drain(), ElementsAre("close keep_alive_timeout"));
}

}  // namespace
}  // namespace countersign::mqtt::test
