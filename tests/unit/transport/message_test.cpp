// Messages through a real Mosquitto, with its own clients on the other side: TLS over TCP, which keeps order
// and loses nothing [MQTT-7.1.2-1], [5: MQTT-4.2.0-1].
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/transport/mosquitto.h"
#include "tests/unit/transport/running.h"

namespace countersign::test {
namespace {

using ::testing::ElementsAre;
using transport::Qos;

class OneMessage : public testing::Test {
  protected:
    Certificates certificates;
    Pair user = certificates.client("user1");
    Mosquitto broker{certificates, certificates.server("IP:127.0.0.1")};
    asio::io_context context;
};

class Message : public OneMessage, public testing::WithParamInterface<Qos> {};

TEST_P(Message, OfOursArrivesAtMosquittoSub) {
    const auto subscriber = broker.sub(user, "t/#", static_cast<int>(GetParam()));
    Watched ours(context, broker.options("ours", user));
    ASSERT_TRUE(ours.connects());
    bool done = false;
    ours.client.publish("t/1", "hello", GetParam(), false,
                        [&](const std::optional<Error>& error) { done = !error; });
    ASSERT_TRUE(run_until(context, [&] { return done; }));
    EXPECT_TRUE(
        subscriber.lines->wait_for("q" + std::to_string(static_cast<int>(GetParam()))));  // the debug line
    EXPECT_TRUE(subscriber.lines->wait_for("t/1 hello"));
    EXPECT_TRUE(ours.stops());
}

TEST_P(Message, OfMosquittoPubArrivesHere) {
    Watched ours(context, broker.options("ours", user));
    ASSERT_TRUE(ours.connects());
    ASSERT_TRUE(ours.subscribes("t/+", GetParam()));
    broker.pub(user, {"-t", "t/2", "-m", "hi", "-q", std::to_string(static_cast<int>(GetParam()))});
    ASSERT_TRUE(run_until(context, [&] { return !ours.messages.empty(); }));
    EXPECT_THAT(ours.messages, ElementsAre("t/2 hi"));
    EXPECT_THAT(ours.qos, ElementsAre(GetParam()));
    EXPECT_TRUE(ours.stops());
}

TEST_P(Message, AThousandInOrder) {
    Watched ours(context, broker.options("ours", user));
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

INSTANTIATE_TEST_SUITE_P(Qos, Message,
                         testing::Values(Qos::at_most_once, Qos::at_least_once, Qos::exactly_once),
                         [](const auto& qos) { return "qos" + std::to_string(static_cast<int>(qos.param)); });

TEST_F(OneMessage, RetainedOnesAreMarked) {
    broker.pub(user, {"-t", "t", "-m", "kept", "-r"});
    Watched ours(context, broker.options("ours", user));
    ASSERT_TRUE(ours.connects());
    ASSERT_TRUE(ours.subscribes("t", Qos::at_least_once));
    ASSERT_TRUE(run_until(context, [&] { return !ours.messages.empty(); }));
    EXPECT_THAT(ours.retained, ElementsAre(true));
}

TEST_F(OneMessage, AnyBytesAndNone) {
    Watched ours(context, broker.options("ours", user));
    ASSERT_TRUE(ours.connects());
    ASSERT_TRUE(ours.subscribes("t", Qos::at_least_once));
    const std::string bytes("\0\xFF\n", 3);
    ours.client.publish("t", bytes, Qos::at_least_once);
    ours.client.publish("t", "", Qos::at_least_once);
    ASSERT_TRUE(run_until(context, [&] { return ours.messages.size() == 2; }));
    EXPECT_THAT(ours.messages, ElementsAre("t " + bytes, "t "));
}

TEST_F(OneMessage, OfHalfAMegabyteBothWays) {
    auto options = broker.options("ours", user);
    options.max_packet = std::size_t{1} << 20;
    Watched ours(context, std::move(options));
    ASSERT_TRUE(ours.connects());
    ASSERT_TRUE(ours.subscribes("t", Qos::at_least_once));
    const std::string large(std::size_t{1} << 19, 'x');
    ours.client.publish("t", large, Qos::at_least_once);
    ASSERT_TRUE(run_until(context, [&] { return !ours.messages.empty(); }));
    EXPECT_EQ(ours.messages.front(), "t " + large);
}

TEST_F(OneMessage, TooLargeToTakeIsToldAndDoesNotComeAgain) {
    auto small = broker.options("ours", user);
    small.max_packet = 100;
    small.clean_session = false;
    Watched ours(context, std::move(small));
    std::string told;
    ours.client.on_oversize([&](std::string_view topic, std::size_t bytes) {
        told += std::string(topic) + " " + std::to_string(bytes) + ";";
    });
    ASSERT_TRUE(ours.connects());
    ASSERT_TRUE(ours.subscribes("#", Qos::at_least_once));
    broker.pub(user, {"-t", "big", "-m", std::string(5000, 'x'), "-q", "1"});
    broker.pub(user, {"-t", "small", "-m", "x", "-q", "1"});
    ASSERT_TRUE(run_until(context, [&] { return !ours.messages.empty(); }));
    EXPECT_EQ(told, "big 5000;");
    ASSERT_TRUE(ours.stops());
    ASSERT_TRUE(ours.connects());
    EXPECT_TRUE(ours.client.state().session_present);
    broker.pub(user, {"-t", "small", "-m", "y", "-q", "1"});
    ASSERT_TRUE(run_until(context, [&] { return ours.messages.size() == 2; }));
    EXPECT_EQ(told, "big 5000;");
}

TEST_F(OneMessage, UnsubscribedTopicsAreSilent) {
    Watched ours(context, broker.options("ours", user));
    ASSERT_TRUE(ours.connects());
    ASSERT_TRUE(ours.subscribes("a", Qos::at_least_once));
    ASSERT_TRUE(ours.subscribes("b", Qos::at_least_once));
    bool done = false;
    ours.client.unsubscribe("a", [&](const std::optional<Error>& error) { done = !error; });
    ASSERT_TRUE(run_until(context, [&] { return done; }));
    ours.client.publish("a", "1", Qos::at_least_once);
    ours.client.publish("b", "2", Qos::at_least_once);
    ASSERT_TRUE(run_until(context, [&] { return !ours.messages.empty(); }));
    EXPECT_THAT(ours.messages, ElementsAre("b 2"));
}

TEST_F(OneMessage, TheWillIsPublishedWhenTheClientIsLostAndNotWhenItLeaves) {
    const auto subscriber = broker.sub(user, "will", 1);
    const auto options = [this] {
        auto with_will = broker.options("ours", user);
        with_will.will = transport::Will{"will", "gone", Qos::at_least_once, false};
        return with_will;
    };
    {
        Watched leaves(context, options());
        ASSERT_TRUE(leaves.connects());
        ASSERT_TRUE(leaves.stops());
    }
    broker.pub(user, {"-t", "will", "-m", "still here"});
    EXPECT_EQ(subscriber.lines->next()->substr(0, 6), "Client");  // the debug line of a PUBLISH
    EXPECT_EQ(subscriber.lines->next(), "will still here");
    {
        Watched lost(context, options());
        ASSERT_TRUE(lost.connects());
    }  // destroyed: the connection is cut
    EXPECT_TRUE(subscriber.lines->wait_for("will gone"));
}

}  // namespace
}  // namespace countersign::test
