// Everything a server of MQTT 5 must not send: the fault, and the reason code it is told [5: MQTT-4.13.1-1].
#include <string>

#include "tests/unit/core/session_harness.h"

namespace countersign::mqtt::test {
namespace {

struct Case {
    const char* name;
    Packet bytes;
    const char* fault;
    const char* reason;
};

std::string name_of_case(const testing::TestParamInfo<Case>& info) {
    return info.param.name;
}

class AfterConnack5 : public testing::TestWithParam<Case> {};

TEST_P(AfterConnack5, IsToldAndCloses) {
    Harness harness;
    harness.connect5();
    EXPECT_THAT(harness.receive(GetParam().bytes), ElementsAre("send e0 01 " + std::string(GetParam().reason),
                                                               "close " + std::string(GetParam().fault)));
    EXPECT_EQ(harness.session.deadline(), kNever);
}

INSTANTIATE_TEST_SUITE_P(
    Malformed, AfterConnack5,
    testing::Values(
        Case{"type_0_is_reserved", {0x00, 0x00}, "reserved_type", "81"},
        Case{"connect_comes_from_clients", {0x10, 0x00}, "unexpected_packet", "82"},
        Case{"pingreq_comes_from_clients", {0xC0, 0x00}, "unexpected_packet", "82"},
        Case{"mqtt5_3_2_0_2_second_connack", {0x20, 0x03, 0x00, 0x00, 0x00}, "unexpected_packet", "82"},
        Case{"mqtt5_2_1_3_1_puback_flags", {0x41, 0x02, 0x00, 0x01}, "reserved_flags", "81"},
        Case{"mqtt5_3_6_1_1_pubrel_flags", {0x60, 0x02, 0x00, 0x01}, "reserved_flags", "81"},
        Case{"mqtt5_2_1_3_1_unsuback_flags", {0xB1, 0x04, 0x00, 0x01, 0x00, 0x00}, "reserved_flags", "81"},
        Case{"mqtt5_3_14_1_1_disconnect_flags", {0xE1, 0x00}, "reserved_flags", "81"},
        Case{"mqtt5_3_15_1_1_auth_flags", {0xF1, 0x00}, "reserved_flags", "81"},
        Case{"mqtt5_1_5_5_1_length_longer_than_needed", {0xD0, 0x80, 0x00}, "malformed_length", "81"},
        Case{"five_length_bytes", {0x30, 0x80, 0x80, 0x80, 0x80, 0x01}, "malformed_length", "81"},
        Case{"puback_of_one_byte", {0x40, 0x01, 0x00}, "malformed_length", "81"},
        Case{"pingresp_with_a_body", {0xD0, 0x01, 0x00}, "malformed_length", "81"},
        Case{"suback_without_codes", {0x90, 0x03, 0x00, 0x01, 0x00}, "malformed_length", "81"},
        Case{"unsuback_without_codes", {0xB0, 0x03, 0x00, 0x01, 0x00}, "malformed_length", "81"},
        Case{"mqtt5_2_2_1_3_puback_of_packet_id_0", {0x40, 0x02, 0x00, 0x00}, "zero_packet_id", "82"},
        Case{"mqtt5_2_2_1_4_publish_of_packet_id_0",
             {0x32, 0x06, 0x00, 0x01, 'a', 0x00, 0x00, 0x00},
             "zero_packet_id",
             "82"},
        Case{"mqtt5_3_3_1_4_qos_3", {0x36, 0x06, 0x00, 0x01, 'a', 0x00, 0x01, 0x00}, "bad_qos", "81"},
        Case{"mqtt5_3_3_1_2_dup_with_qos_0", {0x38, 0x04, 0x00, 0x01, 'a', 0x00}, "bad_qos", "81"},
        Case{"mqtt5_1_5_4_1_topic_with_a_surrogate",
             {0x30, 0x06, 0x00, 0x03, 0xED, 0xA0, 0x80, 0x00},
             "malformed_string",
             "81"},
        Case{"mqtt5_1_5_4_2_topic_with_nul", {0x30, 0x04, 0x00, 0x01, 0x00, 0x00}, "malformed_string", "81"},
        Case{"mqtt5_3_3_2_2_hash_in_a_topic", {0x30, 0x04, 0x00, 0x01, '#', 0x00}, "bad_topic", "82"},
        Case{"mqtt5_4_7_3_1_no_topic_and_no_alias", {0x30, 0x03, 0x00, 0x00, 0x00}, "bad_topic", "82"},
        Case{"mqtt5_3_3_2_1_topic_longer_than_its_packet",
             {0x30, 0x04, 0x00, 0x05, 'a', 'b'},
             "malformed_string",
             "81"},
        Case{"properties_longer_than_their_packet",
             {0x30, 0x04, 0x00, 0x01, 'a', 0x01},
             "malformed_properties",
             "81"},
        Case{"mqtt5_2_2_2_1_no_property_length", {0x30, 0x03, 0x00, 0x01, 'a'}, "malformed_properties", "81"},
        Case{"property_of_another_packet",
             {0x30, 0x07, 0x00, 0x01, 'a', 0x03, 0x21, 0x00, 0x01},
             "bad_property",
             "82"},
        Case{"property_twice",
             {0x30, 0x08, 0x00, 0x01, 'a', 0x04, 0x01, 0x00, 0x01, 0x00},
             "bad_property",
             "82"},
        Case{"mqtt5_3_4_2_1_puback_reason_of_another_packet",
             {0x40, 0x03, 0x00, 0x01, 0x92},
             "bad_return_code",
             "82"},
        Case{"mqtt5_3_5_2_1_pubrec_reason_that_does_not_exist",
             {0x50, 0x03, 0x00, 0x01, 0x42},
             "bad_return_code",
             "82"},
        Case{"mqtt5_3_6_2_1_pubrel_reason_of_another_packet",
             {0x62, 0x03, 0x00, 0x01, 0x87},
             "bad_return_code",
             "82"},
        Case{"puback_with_more_than_its_properties",
             {0x40, 0x05, 0x00, 0x01, 0x00, 0x00, 0x00},
             "malformed_length",
             "81"},
        Case{"mqtt5_3_8_4_2_suback_for_nothing",
             {0x90, 0x04, 0x00, 0x01, 0x00, 0x00},
             "wrong_acknowledgement",
             "82"},
        Case{"mqtt5_2_2_1_6_unsuback_for_nothing",
             {0xB0, 0x04, 0x00, 0x01, 0x00, 0x00},
             "wrong_acknowledgement",
             "82"},
        Case{"mqtt5_3_9_3_2_suback_with_a_code_of_another_packet",
             {0x90, 0x04, 0x00, 0x01, 0x00, 0x11},
             "bad_return_code",
             "82"},
        Case{"mqtt5_3_11_3_2_unsuback_with_a_code_of_another_packet",
             {0xB0, 0x04, 0x00, 0x01, 0x00, 0x01},
             "bad_return_code",
             "82"},
        Case{"mqtt5_3_14_2_1_disconnect_with_a_clients_reason", {0xE0, 0x01, 0x04}, "bad_return_code", "82"},
        Case{"mqtt5_3_14_2_2_disconnect_with_a_session_expiry_interval",
             {0xE0, 0x07, 0x8B, 0x05, 0x11, 0x00, 0x00, 0x00, 0x05},
             "bad_property",
             "82"},
        Case{"mqtt5_3_15_2_1_auth_with_a_clients_reason", {0xF0, 0x02, 0x19, 0x00}, "bad_return_code", "82"},
        Case{"bounded_suback_larger_than_the_buffer", {0x90, 0x44, 0x00, 0x01}, "packet_too_large", "95"}),
    name_of_case);

class InsteadOfConnack5 : public testing::TestWithParam<Case> {};

TEST_P(InsteadOfConnack5, IsToldAndCloses) {
    Harness harness;
    ASSERT_EQ(harness.session.connect(0, options5()), Status::ok);
    harness.drain();
    EXPECT_THAT(harness.receive(GetParam().bytes), ElementsAre("send e0 01 " + std::string(GetParam().reason),
                                                               "close " + std::string(GetParam().fault)));
}

INSTANTIATE_TEST_SUITE_P(
    Malformed, InsteadOfConnack5,
    testing::Values(
        Case{"mqtt5_3_2_0_1_publish_first", {0x30, 0x04, 0x00, 0x01, 'a', 0x00}, "unexpected_packet", "82"},
        Case{"mqtt5_3_14_0_1_disconnect_first", {0xE0, 0x01, 0x8B}, "unexpected_packet", "82"},
        Case{"mqtt5_3_2_2_1_reserved_flag", {0x20, 0x03, 0x02, 0x00, 0x00}, "bad_session_present", "82"},
        Case{"mqtt5_3_2_2_6_session_present_with_a_refusal",
             {0x20, 0x03, 0x01, 0x87, 0x00},
             "bad_session_present",
             "82"},
        Case{"mqtt5_3_2_2_8_a_reason_of_another_packet",
             {0x20, 0x03, 0x00, 0x8E, 0x00},
             "bad_return_code",
             "82"},
        Case{"an_answer_of_3_1_1_that_accepts", {0x20, 0x02, 0x00, 0x00}, "malformed_properties", "81"},
        Case{"connack_with_more_than_its_properties",
             {0x20, 0x04, 0x00, 0x00, 0x00, 0x00},
             "malformed_length",
             "81"},
        Case{"receive_maximum_0", {0x20, 0x06, 0x00, 0x00, 0x03, 0x21, 0x00, 0x00}, "bad_property", "82"},
        Case{"not_mqtt_at_all", {'H', 'T', 'T', 'P', '/', '1'}, "reserved_flags", "81"}),
    name_of_case);

}  // namespace
}  // namespace countersign::mqtt::test
