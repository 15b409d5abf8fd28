// MQTT 5 through a real Mosquitto, with its own clients on the other side.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/base/files.h"
#include "host/transport/fault.h"
#include "tests/unit/transport/mosquitto.h"
#include "tests/unit/transport/running.h"

namespace countersign::test {
namespace {

using mqtt::Property;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using transport::Qos;

class Mqtt5 : public testing::Test {
  protected:
    transport::Options options(const Mosquitto& broker, const std::string& name = "ours") const {
        transport::Options five = broker.options(name, user);
        five.version = mqtt::Version::v5;
        return five;
    }
    // The code a publication ends with; "ok" when it is acknowledged.
    std::string publish(Watched& from, const std::string& topic, Qos qos, bool retain = false,
                        const transport::MessageProperties& properties = {}) {
        std::string told;
        from.client.publish(
            topic, "x", qos, retain,
            [&](const std::optional<Error>& error) { told = error ? std::string(error->code()) : "ok"; },
            properties);
        EXPECT_TRUE(run_until(context, [&] { return !told.empty(); }));
        return told;
    }

    Certificates certificates;
    Pair user = certificates.client("user1");
    Pair server = certificates.server("IP:127.0.0.1");
    asio::io_context context;
};

class Mqtt5Qos : public Mqtt5, public testing::WithParamInterface<Qos> {};

TEST_P(Mqtt5Qos, AThousandInOrder) {
    Mosquitto broker(certificates, server);
    Watched ours(context, options(broker));
    ASSERT_TRUE(ours.connects());
    ASSERT_TRUE(ours.subscribes("t", GetParam()));
    std::vector<std::string> expected;
    for (int i = 0; i < 1000; ++i) {
        ours.client.publish("t", std::to_string(i), GetParam());
        expected.push_back("t " + std::to_string(i));
    }
    ASSERT_TRUE(run_until(context, [&] { return ours.messages.size() == expected.size(); }))
        << ours.messages.size();
    EXPECT_EQ(ours.messages, expected);
    EXPECT_TRUE(ours.stops());
}

INSTANTIATE_TEST_SUITE_P(Qos, Mqtt5Qos,
                         testing::Values(Qos::at_most_once, Qos::at_least_once, Qos::exactly_once),
                         [](const auto& qos) { return "qos" + std::to_string(static_cast<int>(qos.param)); });

TEST_F(Mqtt5, OurPropertiesArriveAtMosquittoSub) {
    Mosquitto broker(certificates, server);
    const auto subscriber = broker.sub(
        user, "t", 1, {"-V", "mqttv5", "-F", "%t %p content=%C answer=%R correlation=%D expiry=%E user=%P"});
    Watched ours(context, options(broker));
    ASSERT_TRUE(ours.connects());
    transport::MessageProperties properties;
    properties.content_type = "text/plain";
    properties.response_topic = "answers/1";
    properties.correlation_data = "id7";
    properties.expires_after = std::chrono::seconds(600);
    properties.user = {{"unit", "C"}, {"place", "roof"}};
    EXPECT_EQ(publish(ours, "t", Qos::at_least_once, false, properties), "ok");
    EXPECT_TRUE(subscriber.lines->wait_for(
        "t x content=text/plain answer=answers/1 correlation=id7 expiry=600 user=unit:C place:roof"));
}

TEST_F(Mqtt5, ThoseOfMosquittoPubArriveHere) {
    Mosquitto broker(certificates, server);
    Watched ours(context, options(broker));
    std::vector<std::string> properties;
    ours.client.on_message([&](const transport::Received& message) {
        mqtt::PropertyReader reader(message.properties);
        for (mqtt::PropertyValue value; reader.next(value);) {
            properties.push_back(std::to_string(static_cast<int>(value.id)) + " " + std::string(value.name) +
                                 std::string(value.text()) + std::to_string(value.number));
        }
    });
    ASSERT_TRUE(ours.connects());
    ASSERT_TRUE(ours.subscribes("t", Qos::at_least_once));
    broker.pub(user, {"-V",
                      "mqttv5",
                      "-t",
                      "t",
                      "-m",
                      "x",
                      "-q",
                      "1",
                      "-D",
                      "publish",
                      "user-property",
                      "k",
                      "v",
                      "-D",
                      "publish",
                      "response-topic",
                      "r",
                      "-D",
                      "publish",
                      "content-type",
                      "c"});
    ASSERT_TRUE(run_until(context, [&] { return !properties.empty(); }));
    EXPECT_THAT(properties, testing::UnorderedElementsAre("38 kv0", "8 r0", "3 c0"));
}

TEST_F(Mqtt5, TheSessionIsKeptAsLongAsWasAsked) {
    Mosquitto broker(certificates, server);
    auto kept = options(broker);
    kept.clean_session = false;
    kept.session_expiry = std::chrono::seconds(100);
    Watched ours(context, std::move(kept));
    ASSERT_TRUE(ours.connects());
    ASSERT_TRUE(ours.subscribes("t", Qos::at_least_once));
    ASSERT_TRUE(ours.stops());
    broker.pub(user, {"-t", "t", "-m", "meanwhile", "-q", "1"});
    ASSERT_TRUE(ours.connects());
    EXPECT_TRUE(ours.client.state().session_present);
    ASSERT_TRUE(run_until(context, [&] { return !ours.messages.empty(); }));
    EXPECT_THAT(ours.messages, ElementsAre("t meanwhile"));
    ASSERT_TRUE(ours.stops());

    auto at_once = options(broker, "other");
    at_once.clean_session = false;  // but with a session expiry interval of 0
    Watched other(context, std::move(at_once));
    ASSERT_TRUE(other.connects());
    ASSERT_TRUE(other.subscribes("t", Qos::at_least_once));
    ASSERT_TRUE(other.stops());
    ASSERT_TRUE(other.connects());
    EXPECT_FALSE(other.client.state().session_present);
}

TEST_F(Mqtt5, AConnectionThatIsLostInTheMiddleLosesNothing) {
    Mosquitto broker(certificates, server);
    auto kept = options(broker);
    kept.clean_session = false;
    kept.session_expiry = std::chrono::seconds(100);
    Watched ours(context, std::move(kept));
    ASSERT_TRUE(ours.connects());
    ASSERT_TRUE(ours.subscribes("t", Qos::exactly_once));
    std::vector<std::string> expected;
    for (int i = 0; i < 300; ++i) {
        ours.client.publish("t", std::to_string(i), Qos::exactly_once);
        expected.push_back("t " + std::to_string(i));
    }
    ASSERT_TRUE(run_until(context, [&] { return ours.messages.size() > 20; }));
    broker.stop();
    broker.start();
    ASSERT_TRUE(run_until(context, [&] { return ours.messages.size() >= expected.size(); }))
        << ours.messages.size();
    EXPECT_EQ(ours.messages, expected);
}

// Mosquitto 2.0.11 sends no DISCONNECT to a client that keeps to the rules, so only the words are looked at
// here.
TEST(Goodbye, IsPassingUnlessSomeoneMustCureIt) {
    const transport::Address peer{"broker.local", 8883};
    const auto after = [&](mqtt::ReasonCode reason) { return transport::goodbye(reason, peer); };
    EXPECT_FALSE(after(mqtt::ReasonCode::server_shutting_down).permanent);
    EXPECT_FALSE(after(mqtt::ReasonCode::session_taken_over).permanent);
    EXPECT_THAT(after(mqtt::ReasonCode::session_taken_over).error.detail(), HasSubstr("Another client"));
    EXPECT_TRUE(after(mqtt::ReasonCode::not_authorized).permanent);
    EXPECT_TRUE(after(mqtt::ReasonCode::protocol_error).permanent);
}

TEST_F(Mqtt5, AMessageTooLargeForUsIsNotSent) {
    Mosquitto broker(certificates, server);
    auto small = options(broker);
    small.max_packet = 100;
    Watched ours(context, std::move(small));
    ASSERT_TRUE(ours.connects());
    ASSERT_TRUE(ours.subscribes("t", Qos::at_least_once));
    broker.pub(user, {"-t", "t", "-m", std::string(200, 'x'), "-q", "1"});
    broker.pub(user, {"-t", "t", "-m", "small", "-q", "1"});
    ASSERT_TRUE(run_until(context, [&] { return !ours.messages.empty(); }));
    EXPECT_THAT(ours.messages, ElementsAre("t small"));
}

TEST_F(Mqtt5, WhatTheBrokerDoesNotTakeIsToldWithoutAsking) {
    Mosquitto broker(certificates, server, "max_qos 1\nretain_available false\n");
    Watched ours(context, options(broker));
    ASSERT_TRUE(ours.connects());
    EXPECT_EQ(publish(ours, "t", Qos::exactly_once), "E-BROKER-REFUSED");
    EXPECT_EQ(publish(ours, "t", Qos::at_least_once, true), "E-BROKER-REFUSED");
    EXPECT_EQ(publish(ours, "t", Qos::at_least_once), "ok");
}

TEST_F(Mqtt5, AMessageTheBrokerRefusesIsTold) {
    const auto acl = certificates.folder() / "acl";
    write_file(acl, "pattern readwrite open/#\n", kPublicFile);
    Mosquitto broker(certificates, server, "acl_file " + acl.string() + "\n");
    Watched ours(context, options(broker));
    ASSERT_TRUE(ours.connects());
    EXPECT_EQ(publish(ours, "closed", Qos::at_least_once), "E-BROKER-REFUSED");
    EXPECT_EQ(publish(ours, "closed", Qos::exactly_once), "E-BROKER-REFUSED");
    EXPECT_EQ(publish(ours, "open/t", Qos::at_least_once), "ok") << "and the connection goes on";
}

TEST_F(Mqtt5, PropertiesThatCannotBeAreToldToWhoeverPublishes) {
    Watched ours(context, options(Mosquitto(certificates, server)));
    transport::MessageProperties too_long;
    too_long.correlation_data = std::string(65'536, 'x');
    EXPECT_EQ(publish(ours, "t", Qos::at_least_once, false, too_long), "E-USAGE");
    for (const std::int64_t seconds : {std::int64_t{-1}, std::int64_t{1} << 32}) {
        transport::MessageProperties never;
        never.expires_after = std::chrono::seconds(seconds);
        EXPECT_EQ(publish(ours, "t", Qos::at_least_once, false, never), "E-USAGE") << seconds;
    }
}

TEST_F(Mqtt5, PropertiesAreNotForTheOldVersion) {
    Mosquitto broker(certificates, server);
    Watched ours(context, broker.options("ours", user));
    ASSERT_TRUE(ours.connects());
    transport::MessageProperties properties;
    properties.content_type = "text/plain";
    EXPECT_EQ(publish(ours, "t", Qos::at_least_once, false, properties), "E-USAGE");
    auto with_expiry = broker.options("ours", user);
    with_expiry.session_expiry = std::chrono::seconds(1);
    EXPECT_THROW(transport::Client(context, std::move(with_expiry)), Error);
}

}  // namespace
}  // namespace countersign::test
