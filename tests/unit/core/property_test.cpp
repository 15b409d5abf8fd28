// Properties against hand-made bytes.
#include "core/mqtt/property.h"

#include "tests/unit/core/session_harness.h"

namespace countersign::mqtt::test {
namespace {

Fault received(const Packet& bytes, PacketType packet) {
    return check_received({bytes}, packet);
}

TEST(PropertyWriter, EveryTypeInItsWidth) {
    Packet room(64);
    PropertyWriter writer(room);
    writer.number(Property::payload_format_indicator, 1)
        .number(Property::message_expiry_interval, 0x01020304)
        .number(Property::subscription_identifier, 300)
        .number(Property::topic_alias, 0x0102)
        .text(Property::content_type, "t")
        .binary(Property::correlation_data, as_bytes("\xFF"))
        .user("k", "v");
    const Packet expected{
        0x01, 0x01,                               // a byte
        0x02, 0x01, 0x02, 0x03, 0x04,             // four bytes
        0x0B, 0xAC, 0x02,                         // a variable byte integer
        0x23, 0x01, 0x02,                         // two bytes
        0x03, 0x00, 0x01, 't',                    // a string
        0x09, 0x00, 0x01, 0xFF,                   // binary data
        0x26, 0x00, 0x01, 'k',  0x00, 0x01, 'v',  // a pair of strings
    };
    ASSERT_TRUE(writer.fits());
    EXPECT_EQ(hex(writer.done().encoded), hex(expected));
}

TEST(PropertyWriter, WhatDoesNotFitIsNothingAtAll) {
    Packet room(6);
    PropertyWriter writer(room);
    writer.user("k", "v");
    EXPECT_FALSE(writer.fits());
    EXPECT_TRUE(writer.done().encoded.empty());
    Packet enough(64);
    EXPECT_FALSE(PropertyWriter(enough).number(Property::topic_alias, 65536).fits()) << "two bytes only";
    EXPECT_FALSE(PropertyWriter(enough).number(Property::content_type, 1).fits()) << "it is a string";
    EXPECT_FALSE(PropertyWriter(enough).text(Property::topic_alias, "x").fits()) << "it is a number";
}

TEST(PropertyReader, InOrder) {
    const Packet bytes{0x26, 0x00, 0x01, 'k', 0x00, 0x01, 'v', 0x0B, 0xAC, 0x02, 0x08, 0x00, 0x01, 'r'};
    PropertyReader reader({bytes});
    PropertyValue value;
    ASSERT_TRUE(reader.next(value));
    EXPECT_EQ(value.id, Property::user_property);
    EXPECT_EQ(value.name, "k");
    EXPECT_EQ(value.text(), "v");
    ASSERT_TRUE(reader.next(value));
    EXPECT_EQ(value.number, 300U);
    ASSERT_TRUE(reader.next(value));
    EXPECT_EQ(value.text(), "r");
    EXPECT_FALSE(reader.next(value));
    EXPECT_TRUE(reader.at_end());
    EXPECT_TRUE(find_property({bytes}, Property::response_topic, value));
    EXPECT_FALSE(find_property({bytes}, Property::content_type, value));
}

TEST(Properties, CutShortOrUnknown) {
    EXPECT_EQ(received({0x02, 0x00, 0x00, 0x00}, PacketType::publish), Fault::malformed_properties);
    EXPECT_EQ(received({0x26, 0x00, 0x01, 'k', 0x00}, PacketType::publish), Fault::malformed_properties);
    EXPECT_EQ(received({0x00}, PacketType::publish), Fault::malformed_properties);
    EXPECT_EQ(received({0x7F, 0x00}, PacketType::publish), Fault::malformed_properties);
    EXPECT_EQ(received({}, PacketType::publish), Fault::none);
}

TEST(Properties, mqtt5_1_5_5_1_NoLongerThanNeeded) {
    EXPECT_EQ(received({0x0B, 0x81, 0x00}, PacketType::publish), Fault::malformed_properties);
    EXPECT_EQ(received({0x0B, 0x80, 0x80, 0x80, 0x80, 0x01}, PacketType::publish),
              Fault::malformed_properties);
    EXPECT_EQ(received({0x0B, 0xFF, 0xFF, 0xFF, 0x7F}, PacketType::publish), Fault::none);
}

TEST(Properties, mqtt5_1_5_7_1_BothOfAPairAreUtf8) {
    EXPECT_EQ(received({0x26, 0x00, 0x01, 0xFF, 0x00, 0x01, 'v'}, PacketType::puback),
              Fault::malformed_string);
    EXPECT_EQ(received({0x26, 0x00, 0x01, 'k', 0x00, 0x01, 0x00}, PacketType::puback),
              Fault::malformed_string);
}

TEST(Properties, mqtt5_3_3_2_19_AContentTypeIsUtf8) {
    EXPECT_EQ(received({0x03, 0x00, 0x01, 0xC0}, PacketType::publish), Fault::malformed_string);
}

TEST(Properties, mqtt5_3_3_2_14_AResponseTopicHasNoWildcards) {
    EXPECT_EQ(received({0x08, 0x00, 0x01, '#'}, PacketType::publish), Fault::bad_property);
    EXPECT_EQ(received({0x08, 0x00, 0x00}, PacketType::publish), Fault::bad_property);
    // [5: MQTT-3.3.2-13] and it is UTF-8
    EXPECT_EQ(received({0x08, 0x00, 0x01, 0xFF}, PacketType::publish), Fault::malformed_string);
}

struct Range {
    const char* name;
    Packet bytes;
    PacketType packet;
};
class OutOfRange : public testing::TestWithParam<Range> {};

TEST_P(OutOfRange, IsAProtocolError) {
    EXPECT_EQ(received(GetParam().bytes, GetParam().packet), Fault::bad_property);
}

INSTANTIATE_TEST_SUITE_P(
    Properties, OutOfRange,
    testing::Values(Range{"payload_format_2", {0x01, 0x02}, PacketType::publish},
                    Range{"subscription_identifier_0", {0x0B, 0x00}, PacketType::publish},
                    Range{"receive_maximum_0", {0x21, 0x00, 0x00}, PacketType::connack},
                    Range{"maximum_qos_2", {0x24, 0x02}, PacketType::connack},
                    Range{"retain_available_2", {0x25, 0x02}, PacketType::connack},
                    Range{"maximum_packet_size_0", {0x27, 0x00, 0x00, 0x00, 0x00}, PacketType::connack},
                    Range{"wildcards_2", {0x28, 0x02}, PacketType::connack},
                    Range{"subscription_identifiers_2", {0x29, 0x02}, PacketType::connack},
                    Range{"shared_2", {0x2A, 0x02}, PacketType::connack}),
    [](const auto& range) { return std::string(range.param.name); });

TEST(Properties, NoneTwiceButUserPropertiesAndIdentifiersOfAMessage) {
    EXPECT_EQ(received({0x01, 0x01, 0x01, 0x01}, PacketType::publish), Fault::bad_property);
    EXPECT_EQ(received({0x1F, 0x00, 0x00, 0x1F, 0x00, 0x00}, PacketType::puback), Fault::bad_property);
    EXPECT_EQ(received({0x0B, 0x01, 0x0B, 0x02}, PacketType::publish), Fault::none);
    const Packet pair{0x26, 0x00, 0x00, 0x00, 0x00};
    EXPECT_EQ(received(join({pair, pair}), PacketType::suback), Fault::none);
}

// Table 2-4: one property of each id, and every packet a server may put it in.
TEST(Properties, EachInItsPacketsAndNoOther) {
    using P = PacketType;
    const std::vector<std::pair<Packet, std::vector<P>>> table{
        {{0x01, 0x00}, {P::publish}},
        {{0x02, 0x00, 0x00, 0x00, 0x01}, {P::publish}},
        {{0x03, 0x00, 0x00}, {P::publish}},
        {{0x08, 0x00, 0x01, 'r'}, {P::publish}},
        {{0x09, 0x00, 0x00}, {P::publish}},
        {{0x0B, 0x01}, {P::publish}},
        {{0x11, 0x00, 0x00, 0x00, 0x01}, {P::connack}},
        {{0x12, 0x00, 0x01, 'i'}, {P::connack}},
        {{0x13, 0x00, 0x01}, {P::connack}},
        {{0x15, 0x00, 0x01, 'm'}, {P::connack, P::auth}},
        {{0x16, 0x00, 0x00}, {P::connack, P::auth}},
        {{0x17, 0x01}, {}},
        {{0x18, 0x00, 0x00, 0x00, 0x01}, {}},
        {{0x19, 0x01}, {}},
        {{0x1A, 0x00, 0x00}, {P::connack}},
        {{0x1C, 0x00, 0x00}, {P::connack, P::disconnect}},
        {{0x1F, 0x00, 0x00},
         {P::connack, P::puback, P::pubrec, P::pubrel, P::pubcomp, P::suback, P::unsuback, P::disconnect,
          P::auth}},
        {{0x21, 0x00, 0x01}, {P::connack}},
        {{0x22, 0x00, 0x01}, {P::connack}},
        {{0x23, 0x00, 0x01}, {P::publish}},
        {{0x24, 0x01}, {P::connack}},
        {{0x25, 0x01}, {P::connack}},
        {{0x27, 0x00, 0x00, 0x00, 0x01}, {P::connack}},
        {{0x28, 0x01}, {P::connack}},
        {{0x29, 0x01}, {P::connack}},
        {{0x2A, 0x01}, {P::connack}},
    };
    for (const auto& [bytes, packets] : table) {
        for (const P packet : {P::connack, P::publish, P::puback, P::pubrec, P::pubrel, P::pubcomp, P::suback,
                               P::unsuback, P::disconnect, P::auth}) {
            const bool allowed = std::find(packets.begin(), packets.end(), packet) != packets.end();
            EXPECT_EQ(received(bytes, packet), allowed ? Fault::none : Fault::bad_property)
                << hex(bytes) << " in " << static_cast<int>(packet);
        }
    }
}

TEST(PropertiesToSend, mqtt5_3_3_4_6_NoSubscriptionIdentifierInAMessageOfOurs) {
    EXPECT_EQ(check_to_send({Packet{0x0B, 0x01}}, PacketType::publish), Status::bad_argument);
    EXPECT_EQ(check_to_send({Packet{0x0B, 0x01}}, PacketType::subscribe), Status::ok);
    EXPECT_EQ(check_to_send({Packet{0x0B, 0x01, 0x0B, 0x02}}, PacketType::subscribe), Status::bad_argument);
}

TEST(PropertiesToSend, TheSessionsOwnAreNotTheCallers) {
    EXPECT_EQ(check_to_send({Packet{0x23, 0x00, 0x01}}, PacketType::publish), Status::bad_argument);
    EXPECT_EQ(check_to_send({Packet{0x21, 0x00, 0x01}}, PacketType::connect), Status::bad_argument);
    EXPECT_EQ(check_to_send({Packet{0x15, 0x00, 0x01, 'm'}}, PacketType::connect), Status::bad_argument);
    EXPECT_EQ(check_to_send({Packet{0x19, 0x01}}, PacketType::connect), Status::ok);
    EXPECT_EQ(check_to_send({Packet{0x18, 0x00, 0x00, 0x00, 0x05}}, kWill), Status::ok);
    EXPECT_EQ(check_to_send({Packet{0x18, 0x00, 0x00, 0x00, 0x05}}, PacketType::publish),
              Status::bad_argument);
}

}  // namespace
}  // namespace countersign::mqtt::test
