// What we send, byte for byte.
#include "core/mqtt/encode.h"

#include <string>

#include "tests/unit/core/session_harness.h"

namespace countersign::mqtt::test {
namespace {

template <typename Encode>
Packet written(Encode encode) {
    Packet packet(encode(std::span<std::uint8_t>{}));  // the first call measures
    EXPECT_EQ(encode(std::span<std::uint8_t>(packet)), packet.size());
    return packet;
}

TEST(Encode, mqtt_3_1_ConnectWithEverything) {
    const Message will{"w/t", as_bytes("gone"), Qos::exactly_once, true};
    ConnectOptions options;
    options.client_id = "d1";
    options.clean_session = true;
    options.keep_alive_seconds = 300;
    options.will = &will;
    options.has_user_name = true;
    options.user_name = "u";
    options.has_password = true;
    options.password = as_bytes("pw");
    const Packet expected{
        0x10, 0x20,                      // CONNECT, remaining length 32
        0x00, 0x04, 'M', 'Q', 'T', 'T',  // protocol name [MQTT-3.1.2-1]
        0x04,                            // protocol level 4 [MQTT-3.1.2-2]
        0xF6,        // user name, password, will retain, will QoS 2, will, clean session, 0
        0x01, 0x2C,  // keepalive 300 s
        // the payload in its order [MQTT-3.1.3-1]: all of the will [MQTT-3.1.2-9], user name [MQTT-3.1.2-19]
        // and password [MQTT-3.1.2-21]
        0x00, 0x02, 'd', '1',            // client id [MQTT-3.1.3-3]
        0x00, 0x03, 'w', '/', 't',       // will topic
        0x00, 0x04, 'g', 'o', 'n', 'e',  // will payload
        0x00, 0x01, 'u',                 // user name
        0x00, 0x02, 'p', 'w',            // password
    };
    EXPECT_EQ(hex(written([&](auto out) { return encode_connect(options, out); })), hex(expected));
}

TEST(Encode, mqtt_3_1_2_3_ConnectWithNothing) {
    ConnectOptions options;
    options.client_id = "a";
    options.clean_session = false;
    options.keep_alive_seconds = 0;
    const Packet expected{
        0x10, 0x0D,                      // CONNECT, remaining length 13
        0x00, 0x04, 'M', 'Q', 'T', 'T',  // protocol name
        0x04,                            // protocol level
        0x00,                            // no flag; the reserved one is 0
        0x00, 0x00,                      // no keepalive
        0x00, 0x01, 'a',                 // client id
        // nothing of a will [MQTT-3.1.2-11], its QoS and retain flag 0 [MQTT-3.1.2-13], [MQTT-3.1.2-15], no
        // user name [MQTT-3.1.2-18], no password [MQTT-3.1.2-20]
    };
    EXPECT_EQ(hex(written([&](auto out) { return encode_connect(options, out); })), hex(expected));
}

TEST(Encode, mqtt_3_3_PublishAtEachQos) {
    Message message{"a/b", as_bytes("hi"), Qos::at_most_once, false};
    const auto packet = [&] {
        return hex(written([&](auto out) { return encode_publish(message, 10, out); }));
    };
    EXPECT_EQ(packet(),
              "30 07 00 03 61 2f 62 68 69");  // topic first [MQTT-3.3.2-1], no packet id [MQTT-2.3.1-5]
    message.qos = Qos::at_least_once;
    EXPECT_EQ(packet(), "32 09 00 03 61 2f 62 00 0a 68 69");
    message.qos = Qos::exactly_once;
    message.retain = true;
    EXPECT_EQ(packet(), "35 09 00 03 61 2f 62 00 0a 68 69");
    message.payload = {};
    EXPECT_EQ(packet(), "35 07 00 03 61 2f 62 00 0a");  // a payload may be empty (3.3.3)
}

TEST(Encode, mqtt_3_8_Subscribe) {
    const std::array subscriptions{Subscription{"a/b", Qos::at_least_once},
                                   Subscription{"c/#", Qos::exactly_once}};
    const Packet expected{
        0x82, 0x0E,                       // SUBSCRIBE with flags 0010 [MQTT-3.8.1-1], remaining length 14
        0x00, 0x0A,                       // packet id 10
        0x00, 0x03, 'a', '/', 'b', 0x01,  // filter, QoS 1
        0x00, 0x03, 'c', '/', '#', 0x02,  // filter, QoS 2
    };
    EXPECT_EQ(hex(written([&](auto out) { return encode_subscribe(10, subscriptions, out); })),
              hex(expected));
}

TEST(Encode, mqtt_3_10_Unsubscribe) {
    const std::array<std::string_view, 2> filters{"a/b", "c"};
    const Packet expected{
        0xA2, 0x0A,                 // UNSUBSCRIBE with flags 0010 [MQTT-3.10.1-1], remaining length 10
        0x01, 0x02,                 // packet id 258
        0x00, 0x03, 'a', '/', 'b',  // filter
        0x00, 0x01, 'c',            // filter
    };
    EXPECT_EQ(hex(written([&](auto out) { return encode_unsubscribe(258, filters, out); })), hex(expected));
}

TEST(Encode, mqtt_2_2_2_1_AcknowledgementsWithTheirFlags) {
    const auto packet = [](PacketType type) {
        return hex(written([&](auto out) { return encode_acknowledgement(type, 0x1234, out); }));
    };
    EXPECT_EQ(packet(PacketType::puback), "40 02 12 34");
    EXPECT_EQ(packet(PacketType::pubrec), "50 02 12 34");
    EXPECT_EQ(packet(PacketType::pubrel), "62 02 12 34");  // flags 0010 [MQTT-3.6.1-1]
    EXPECT_EQ(packet(PacketType::pubcomp), "70 02 12 34");
    EXPECT_EQ(hex(written([](auto out) { return encode_empty(PacketType::pingreq, out); })), "c0 00");
    EXPECT_EQ(hex(written([](auto out) { return encode_empty(PacketType::disconnect, out); })),
              "e0 00");  // [MQTT-3.14.1-1]
}

// Table 2.4: the greatest length of one to four bytes, and the least of the next.
TEST(Encode, mqtt_2_2_3_RemainingLength) {
    const auto length_bytes = [](std::size_t remaining) {
        const Packet payload(remaining - 3);  // topic "t": 3 bytes
        Packet packet(remaining + 5);
        packet.resize(encode_publish({"t", payload}, 0, packet));
        return hex(Bytes(packet).subspan(1, packet.size() - 1 - remaining));
    };
    EXPECT_EQ(length_bytes(127), "7f");
    EXPECT_EQ(length_bytes(128), "80 01");
    EXPECT_EQ(length_bytes(16383), "ff 7f");
    EXPECT_EQ(length_bytes(16384), "80 80 01");
    EXPECT_EQ(length_bytes(2097151), "ff ff 7f");
    EXPECT_EQ(length_bytes(2097152), "80 80 80 01");
}

TEST(Encode, mqtt_2_2_3_MoreThanFourLengthBytesCannotHoldIsRefused) {
    // Only measured, never read: the size is all that counts.
    const std::uint8_t byte = 0;
    const Message message{"t", Bytes(&byte, 268'435'455 - 2)};
    EXPECT_EQ(encode_publish(message, 0, {}), kTooLong);
}

TEST(Encode, WritesNothingBeyondTheRoomItHas) {
    Packet room(8, 0xEE);
    EXPECT_EQ(encode_publish({"a/b", as_bytes("hi")}, 0, std::span(room).first(6)), 9U);
    EXPECT_EQ(room[6], 0xEE);
    EXPECT_EQ(room[7], 0xEE);
}

TEST(ValidConnect, mqtt_3_1_3_7_NoClientIdNeedsACleanSession) {
    ConnectOptions options;
    EXPECT_EQ(valid_connect(options), Status::ok);
    options.clean_session = false;
    EXPECT_EQ(valid_connect(options), Status::bad_argument);
}

TEST(ValidConnect, mqtt_3_1_2_22_NoPasswordWithoutUserName) {
    ConnectOptions options;
    options.has_password = true;
    EXPECT_EQ(valid_connect(options), Status::bad_argument);
    options.has_user_name = true;
    EXPECT_EQ(valid_connect(options), Status::ok);
}

TEST(ValidConnect, mqtt_3_1_3_4_TheClientIdIsUtf8) {
    ConnectOptions options;
    options.client_id = "\xFF";
    EXPECT_EQ(valid_connect(options), Status::bad_argument);
    const std::string long_id(65536, 'a');
    options.client_id = long_id;
    EXPECT_EQ(valid_connect(options), Status::bad_argument);
    options.client_id = "d1";
    options.has_user_name = true;
    options.user_name = "\xFF";  // [MQTT-3.1.3-11]
    EXPECT_EQ(valid_connect(options), Status::bad_argument);
}

TEST(ValidConnect, mqtt_3_1_3_10_TheWillHasATopicAndFits) {
    const std::string payload(65536, 'x');
    Message will{"a/#", {}};
    ConnectOptions options;
    options.will = &will;
    EXPECT_EQ(valid_connect(options), Status::bad_topic);
    will.topic = "a";
    EXPECT_EQ(valid_connect(options), Status::ok);
    will.qos = static_cast<Qos>(3);
    EXPECT_EQ(valid_connect(options), Status::bad_argument);  // [MQTT-3.1.2-14]
    will.qos = Qos::at_most_once;
    will.payload = as_bytes(payload);
    EXPECT_EQ(valid_connect(options), Status::too_large);
}

}  // namespace
}  // namespace countersign::mqtt::test
