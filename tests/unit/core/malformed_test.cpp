// Everything a server must not send, and the fault it is answered with.
#include <string>

#include "tests/unit/core/session_harness.h"

namespace countersign::mqtt::test {
namespace {

struct Case {
    const char* name;
    Packet bytes;
    const char* fault;
};

std::string name_of_case(const testing::TestParamInfo<Case>& info) {
    return info.param.name;
}

class AfterConnack : public testing::TestWithParam<Case> {};

TEST_P(AfterConnack, ClosesTheConnection) {
    Harness harness;
    harness.connect();
    // [MQTT-4.8.0-1]
    EXPECT_THAT(harness.receive(GetParam().bytes), ElementsAre("close " + std::string(GetParam().fault)));
    EXPECT_EQ(harness.session.deadline(), kNever);
    EXPECT_EQ(harness.session.bytes_received(0, GetParam().bytes), Status::not_connected);
}

INSTANTIATE_TEST_SUITE_P(
    Malformed, AfterConnack,
    testing::Values(
        Case{"mqtt_2_2_1_type_0_is_reserved", {0x00, 0x00}, "reserved_type"},
        Case{"mqtt_2_2_1_type_15_is_reserved", {0xF0, 0x00}, "reserved_type"},
        Case{"mqtt_2_2_1_connect_comes_from_clients", {0x10, 0x00}, "unexpected_packet"},
        Case{"mqtt_2_2_1_subscribe_comes_from_clients", {0x82, 0x00}, "unexpected_packet"},
        Case{"mqtt_2_2_1_unsubscribe_comes_from_clients", {0xA2, 0x00}, "unexpected_packet"},
        Case{"mqtt_2_2_1_pingreq_comes_from_clients", {0xC0, 0x00}, "unexpected_packet"},
        Case{"mqtt_2_2_1_disconnect_comes_from_clients", {0xE0, 0x00}, "unexpected_packet"},
        Case{"mqtt_2_2_2_2_puback_flags", {0x41, 0x02, 0x00, 0x01}, "reserved_flags"},
        Case{"mqtt_2_2_2_2_pubrec_flags", {0x52, 0x02, 0x00, 0x01}, "reserved_flags"},
        Case{"mqtt_3_6_1_1_pubrel_flags", {0x60, 0x02, 0x00, 0x01}, "reserved_flags"},
        Case{"mqtt_2_2_2_2_pubcomp_flags", {0x78, 0x02, 0x00, 0x01}, "reserved_flags"},
        Case{"mqtt_2_2_2_2_suback_flags", {0x92, 0x03, 0x00, 0x01, 0x00}, "reserved_flags"},
        Case{"mqtt_2_2_2_2_pingresp_flags", {0xD1, 0x00}, "reserved_flags"},
        Case{"mqtt_2_2_3_five_length_bytes", {0x30, 0x80, 0x80, 0x80, 0x80, 0x01}, "malformed_length"},
        Case{"mqtt_3_4_puback_of_one_byte", {0x40, 0x01, 0x00}, "malformed_length"},
        Case{"mqtt_3_4_puback_of_three_bytes", {0x40, 0x03, 0x00, 0x01, 0x00}, "malformed_length"},
        Case{"mqtt_3_13_pingresp_with_a_body", {0xD0, 0x01, 0x00}, "malformed_length"},
        Case{"mqtt_3_9_suback_without_codes", {0x90, 0x02, 0x00, 0x01}, "malformed_length"},
        Case{"mqtt_2_3_1_1_puback_of_packet_id_0", {0x40, 0x02, 0x00, 0x00}, "zero_packet_id"},
        Case{"mqtt_2_3_1_1_pubrel_of_packet_id_0", {0x62, 0x02, 0x00, 0x00}, "zero_packet_id"},
        Case{"mqtt_2_3_1_1_suback_of_packet_id_0", {0x90, 0x03, 0x00, 0x00, 0x00}, "zero_packet_id"},
        Case{"mqtt_2_3_1_1_publish_of_packet_id_0",
             {0x32, 0x05, 0x00, 0x01, 'a', 0x00, 0x00},
             "zero_packet_id"},
        Case{"mqtt_3_3_1_4_qos_3", {0x36, 0x05, 0x00, 0x01, 'a', 0x00, 0x01}, "bad_qos"},
        Case{"mqtt_3_3_1_2_dup_with_qos_0", {0x38, 0x03, 0x00, 0x01, 'a'}, "bad_qos"},
        Case{"mqtt_3_3_2_topic_longer_than_its_packet",
             {0x30, 0x04, 0x00, 0x03, 'a', 'b'},
             "malformed_string"},
        Case{"mqtt_3_3_2_no_room_for_the_packet_id",
             {0x32, 0x05, 0x00, 0x02, 'a', 'b', 0x00},
             "malformed_string"},
        Case{"mqtt_4_7_3_1_empty_topic", {0x30, 0x03, 0x00, 0x00, 'x'}, "bad_topic"},
        Case{"mqtt_3_3_2_2_plus_in_a_topic", {0x30, 0x03, 0x00, 0x01, '+'}, "bad_topic"},
        Case{"mqtt_3_3_2_2_hash_in_a_topic", {0x30, 0x05, 0x00, 0x03, 'a', '/', '#'}, "bad_topic"},
        Case{"mqtt_1_5_3_1_topic_with_a_surrogate",
             {0x30, 0x05, 0x00, 0x03, 0xED, 0xA0, 0x80},
             "malformed_string"},
        Case{"mqtt_1_5_3_2_topic_with_nul", {0x30, 0x04, 0x00, 0x02, 'a', 0x00}, "malformed_string"},
        Case{"mqtt_3_2_second_connack", {0x20, 0x02, 0x00, 0x00}, "unexpected_packet"},
        Case{"mqtt_3_8_4_suback_for_nothing", {0x90, 0x03, 0x00, 0x01, 0x00}, "wrong_acknowledgement"},
        Case{"mqtt_3_10_4_unsuback_for_nothing", {0xB0, 0x02, 0x00, 0x01}, "wrong_acknowledgement"},
        // 68 bytes of SUBACK and a receive buffer of 64: nothing we asked for
        Case{"bounded_suback_larger_than_the_buffer", {0x90, 0x44, 0x00, 0x01}, "packet_too_large"}),
    name_of_case);

class InsteadOfConnack : public testing::TestWithParam<Case> {};

TEST_P(InsteadOfConnack, ClosesTheConnection) {
    Harness harness;
    ConnectOptions options;
    options.client_id = "d1";
    ASSERT_EQ(harness.session.connect(0, options), Status::ok);
    harness.drain();
    EXPECT_THAT(harness.receive(GetParam().bytes), ElementsAre("close " + std::string(GetParam().fault)));
    EXPECT_FALSE(harness.session.connected());
}

INSTANTIATE_TEST_SUITE_P(
    Malformed, InsteadOfConnack,
    testing::Values(
        Case{"mqtt_3_2_0_1_publish_first", {0x30, 0x03, 0x00, 0x01, 'a'}, "unexpected_packet"},
        Case{"mqtt_3_2_0_1_pingresp_first", {0xD0, 0x00}, "unexpected_packet"},
        Case{"mqtt_3_2_0_1_oversize_publish_first", join({{0x30, 0x46, 0x00, 0x01, 'a'}, Packet(67, 'x')}),
             "unexpected_packet"},
        Case{"mqtt_3_2_2_reserved_flag", {0x20, 0x02, 0x02, 0x00}, "bad_session_present"},
        Case{"mqtt_3_2_2_1_session_present_after_a_clean_session",
             {0x20, 0x02, 0x01, 0x00},
             "bad_session_present"},
        Case{"mqtt_3_2_2_4_session_present_with_a_refusal", {0x20, 0x02, 0x01, 0x05}, "bad_session_present"},
        Case{"mqtt_3_2_2_return_code_6", {0x20, 0x02, 0x00, 0x06}, "bad_return_code"},
        Case{"mqtt_3_2_connack_of_three_bytes", {0x20, 0x03, 0x00, 0x00, 0x00}, "malformed_length"},
        Case{"mqtt_2_2_2_2_connack_flags", {0x21, 0x02, 0x00, 0x00}, "reserved_flags"},
        Case{"not_mqtt_at_all", {'H', 'T', 'T', 'P', '/', '1'}, "reserved_flags"}),
    name_of_case);

TEST(Malformed, mqtt_3_9_3_2_SubackWithAReservedCode) {
    Harness harness;
    harness.connect();
    ASSERT_EQ(harness.subscribe("a", Qos::at_least_once).packet_id, 1);
    harness.drain();
    // SUBACK, length 3, packet id 1, code 3
    EXPECT_THAT(harness.receive({0x90, 0x03, 0x00, 0x01, 0x03}),
                ElementsAre("close bad_return_code", "dropped 1"));
}

TEST(Malformed, mqtt_3_8_4_5_SubackWithMoreCodesThanFilters) {
    Harness harness;
    harness.connect();
    ASSERT_EQ(harness.subscribe("a", Qos::at_least_once).packet_id, 1);
    harness.drain();
    EXPECT_THAT(harness.receive({0x90, 0x04, 0x00, 0x01, 0x00, 0x00}),
                ElementsAre("close bad_return_code", "dropped 1"));
}

}  // namespace
}  // namespace countersign::mqtt::test
