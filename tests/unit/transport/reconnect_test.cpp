// A broker that goes and comes back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <asio/post.hpp>
#include <set>
#include <thread>

#include "tests/unit/transport/mosquitto.h"
#include "tests/unit/transport/rough_wire.h"
#include "tests/unit/transport/running.h"

namespace countersign::test {
namespace {

using transport::Phase;
using transport::Qos;

constexpr int kMessages = 300;

class Reconnect : public testing::Test {
  protected:
    transport::Options options(const std::string& name, bool clean_session) {
        auto wanted = broker.options(name, user);
        wanted.clean_session = clean_session;
        return wanted;
    }
    Certificates certificates;
    Pair user = certificates.client("user1");
    Mosquitto broker{certificates, certificates.server("IP:127.0.0.1")};
    asio::io_context context;
};

std::set<std::string> all_messages() {
    std::set<std::string> all;
    for (int i = 0; i < kMessages; ++i) all.insert("t " + std::to_string(i));
    return all;
}

// The first time each message came.
std::vector<std::string> without_repeats(const std::vector<std::string>& messages) {
    std::vector<std::string> once;
    for (const auto& message : messages) {
        if (std::find(once.begin(), once.end(), message) == once.end()) once.push_back(message);
    }
    return once;
}

// 3.1.1 has no other way to refuse it than to hang up.
TEST_F(Reconnect, AMessageTheBrokerHangsUpOnIsGivenUpAndTheOthersArrive) {
    Mosquitto narrow(certificates, certificates.server("IP:127.0.0.1"), "max_packet_size 20000");
    for (const bool clean_session : {false, true}) {
        auto wanted = narrow.options(clean_session ? "clean" : "kept", user);
        wanted.clean_session = clean_session;
        Watched publisher(context, std::move(wanted));
        ASSERT_TRUE(publisher.connects());
        std::vector<std::string> told;
        const auto tell = [&told](const std::optional<Error>& error) {
            told.emplace_back(error ? error->code() : "ok");
        };
        publisher.client.publish("t", std::string(30'000, 'x'), Qos::at_least_once, false, tell);
        publisher.client.publish("t", "fine", Qos::at_least_once, false, tell);
        ASSERT_TRUE(run_until(context, [&] { return told.size() == 2; }));
        EXPECT_THAT(told, testing::ElementsAre("E-MESSAGE-REFUSED", "ok"));
        ASSERT_TRUE(publisher.stops());
    }
}

class EveryMessage : public Reconnect, public testing::WithParamInterface<bool> {};

// Stopped in the middle, and again: everything published arrives, and everything is acknowledged.
TEST_P(EveryMessage, ArrivesThroughRestarts) {
    Watched subscriber(context, options("subscriber", false));
    Watched publisher(context, options("publisher", GetParam()));
    ASSERT_TRUE(subscriber.connects());
    ASSERT_TRUE(subscriber.subscribes("t", Qos::at_least_once));
    ASSERT_TRUE(publisher.connects());

    int acknowledged = 0;
    for (int i = 0; i < kMessages; ++i) {
        publisher.client.publish("t", std::to_string(i), Qos::at_least_once, false,
                                 [&](const std::optional<Error>& error) { acknowledged += error ? 0 : 1; });
    }
    for (const int until : {50, 150}) {
        ASSERT_TRUE(run_until(context, [&] { return acknowledged >= until; }));
        broker.stop();
        ASSERT_TRUE(publisher.until(Phase::waiting));
        broker.start();
    }
    const auto all = all_messages();
    ASSERT_TRUE(run_until(context, [&] {
        return acknowledged == kMessages &&
               std::set(subscriber.messages.begin(), subscriber.messages.end()) == all;
    })) << acknowledged;
    // in order, apart from repeats [MQTT-4.6.0-6]
    const auto once = without_repeats(subscriber.messages);
    for (int i = 0; i < kMessages; ++i)
        ASSERT_EQ(once[static_cast<std::size_t>(i)], "t " + std::to_string(i));
}

INSTANTIATE_TEST_SUITE_P(Publisher, EveryMessage, testing::Bool(),
                         [](const auto& clean) { return clean.param ? "CleanSession" : "KeptSession"; });

TEST_F(Reconnect, QoS2ArrivesExactlyOnceThroughARestart) {
    Watched subscriber(context, options("subscriber", false));
    Watched publisher(context, options("publisher", false));
    ASSERT_TRUE(subscriber.connects());
    ASSERT_TRUE(subscriber.subscribes("t", Qos::exactly_once));
    ASSERT_TRUE(publisher.connects());
    int acknowledged = 0;
    for (int i = 0; i < kMessages; ++i) {
        publisher.client.publish("t", std::to_string(i), Qos::exactly_once, false,
                                 [&](const std::optional<Error>& error) { acknowledged += error ? 0 : 1; });
    }
    ASSERT_TRUE(run_until(context, [&] { return acknowledged >= 100; }));
    broker.stop();
    ASSERT_TRUE(publisher.until(Phase::waiting));
    broker.start();
    ASSERT_TRUE(run_until(
        context,
        [&] { return acknowledged == kMessages && subscriber.messages.size() >= std::size_t{kMessages}; }))
        << acknowledged << " " << subscriber.messages.size();
    EXPECT_EQ(subscriber.messages.size(), std::size_t{kMessages});
    EXPECT_EQ(std::set(subscriber.messages.begin(), subscriber.messages.end()), all_messages());
}

TEST_F(Reconnect, SubscriptionsAreMadeAgainWhenTheBrokerHasForgottenThem) {
    Watched ours(context, options("ours", true));
    ASSERT_TRUE(ours.connects());
    ASSERT_TRUE(ours.subscribes("t", Qos::at_least_once));
    broker.kill();
    ASSERT_TRUE(ours.until(Phase::waiting));
    EXPECT_EQ(ours.client.state().error->id(), Code::BrokerClosed);
    broker.start();
    ASSERT_TRUE(ours.until(Phase::connected));
    EXPECT_FALSE(ours.client.state().session_present);
    ours.client.publish("t", "again", Qos::at_least_once);  // in order after the subscription
    ASSERT_TRUE(run_until(context, [&] { return !ours.messages.empty(); }));
}

TEST_F(Reconnect, WhatIsAskedForWhileAwayIsDoneAfterwards) {
    Watched ours(context, options("ours", true));
    broker.stop();
    ours.client.start();
    ASSERT_TRUE(ours.until(Phase::waiting));
    EXPECT_EQ(ours.client.state().error->id(), Code::BrokerUnreachable);
    ours.client.subscribe("t", Qos::at_least_once);
    for (const Qos qos : {Qos::at_most_once, Qos::at_least_once, Qos::exactly_once})
        ours.client.publish("t", "x", qos);
    broker.start();
    ASSERT_TRUE(run_until(context, [&] { return ours.messages.size() == 3; }));
}

TEST_F(Reconnect, ATakeoverOfTheClientIdIsALostConnection) {
    auto once = options("ours", true);
    once.reconnect = false;
    Watched first(context, std::move(once));
    ASSERT_TRUE(first.connects());
    Watched second(context, options("ours", true));
    ASSERT_TRUE(second.connects());
    ASSERT_TRUE(first.until(Phase::stopped));
    EXPECT_EQ(first.client.state().error->id(), Code::BrokerClosed);
    EXPECT_FALSE(first.client.state().permanent);
}

TEST_F(Reconnect, TlsIsTakenUpAgain) {
    Watched ours(context, options("ours", true));
    ASSERT_TRUE(ours.connects());
    EXPECT_FALSE(ours.client.state().tls_resumed);
    ASSERT_TRUE(ours.subscribes("t", Qos::at_least_once));  // by now the broker's ticket has come
    ASSERT_TRUE(ours.stops());
    for (int i = 0; i < 3; ++i) {
        ASSERT_TRUE(ours.connects());
        EXPECT_TRUE(ours.client.state().tls_resumed);
        ASSERT_TRUE(ours.stops());
    }
}

TEST_F(Reconnect, ABrokerThatForgotOurTicketGetsAFullHandshake) {
    Watched ours(context, options("ours", true));
    ASSERT_TRUE(ours.connects());
    ASSERT_TRUE(ours.subscribes("t", Qos::at_least_once));
    broker.stop();  // its ticket keys go with it
    ASSERT_TRUE(ours.until(Phase::waiting));
    broker.start();
    ASSERT_TRUE(ours.until(Phase::connected));
    EXPECT_FALSE(ours.client.state().tls_resumed);
}

TEST_F(Reconnect, PingsKeepAQuietConnection) {
    auto quick = options("ours", true);
    quick.keep_alive = std::chrono::seconds(1);
    Watched ours(context, std::move(quick));
    ASSERT_TRUE(ours.connects());
    std::thread running([this] { context.run(); });
    // The broker would hang up after 1.5 s of silence; the third ping comes 2.6 s after CONNECT.
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(broker.log().wait_for("Received PINGREQ from ours"));
    asio::post(context, [&] { ours.client.stop(); });
    running.join();
    ASSERT_EQ(ours.states.size(), 3U);  // connecting, connected, stopped
    EXPECT_FALSE(ours.client.state().error.has_value());
}

TEST_F(Reconnect, StopWithGraceWaitsForTheAcknowledgements) {
    const auto listener = broker.sub(user, "t", 1);
    Watched ours(context, options("ours", true));
    ASSERT_TRUE(ours.connects());
    int acknowledged = 0;
    for (int i = 0; i < 100; ++i) {
        ours.client.publish("t", std::to_string(i), Qos::at_least_once, false,
                            [&](const std::optional<Error>& error) { acknowledged += error ? 0 : 1; });
    }
    ours.client.stop(kLimit);
    ASSERT_TRUE(ours.until(Phase::stopped));
    EXPECT_FALSE(ours.client.state().error.has_value());
    ASSERT_TRUE(run_until(context, [&] { return acknowledged == 100; }));
    EXPECT_TRUE(listener.lines->wait_for("t 99"));
}

TEST_F(Reconnect, StopWithoutGraceGivesUpWhatIsNotAcknowledged) {
    broker.stop();
    Watched ours(context, options("ours", true));
    ours.client.start();
    ASSERT_TRUE(ours.until(Phase::waiting));
    std::optional<Error> told;
    ours.client.publish("t", "x", Qos::at_least_once, false,
                        [&](const std::optional<Error>& error) { told = error; });
    ours.client.stop();
    EXPECT_EQ(ours.client.state().phase, Phase::stopped);
    ASSERT_TRUE(run_until(context, [&] { return told.has_value(); }));
    EXPECT_EQ(told->id(), Code::NotSent);
    EXPECT_FALSE(run_until(context, [] { return false; })) << "the context has work left";
}

// One bit on a good connection is a connection lost, and nothing that somebody must cure.
class SpoiltRecord : public Reconnect, public testing::WithParamInterface<bool> {};

TEST_P(SpoiltRecord, IsALostConnection) {
    RoughWire wire(context, broker.port());
    auto through = options("ours", true);
    through.brokers.front().port = wire.port();
    Watched ours(context, std::move(through));
    ASSERT_TRUE(ours.connects());
    ASSERT_TRUE(ours.subscribes("t", Qos::at_least_once));
    GetParam() ? wire.spoil_up() : wire.spoil_down();
    ours.client.publish("t", "1", Qos::at_least_once);
    ASSERT_TRUE(ours.until(Phase::waiting));
    EXPECT_EQ(ours.client.state().error->id(), Code::BrokerClosed) << ours.client.state().error->what();
    EXPECT_FALSE(ours.client.state().permanent);
    EXPECT_TRUE(run_until(context, [&] { return !ours.messages.empty(); }))
        << "it is back, and so is what it said";
}

INSTANTIATE_TEST_SUITE_P(Direction, SpoiltRecord, testing::Bool(),
                         [](const auto& up) { return up.param ? "Up" : "Down"; });

// What a callback throws comes out of run(), and the client goes on with the next run().
class Throwing : public Reconnect {
  protected:
    // Until something was thrown.
    [[nodiscard]] bool throws() {
        try {
            (void)run_until(context, [] { return false; });
            return false;
        } catch (const std::runtime_error&) {
            return true;
        }
    }
    [[noreturn]] static void fail() { throw std::runtime_error("in a callback"); }
};

TEST_F(Throwing, OfMessages) {
    Watched ours(context, options("ours", true));
    int seen = 0;
    ours.client.on_message([&](const transport::Received&) {
        ++seen;
        fail();
    });
    ASSERT_TRUE(ours.connects());
    ASSERT_TRUE(ours.subscribes("t", Qos::at_least_once));
    for (int i = 1; i <= 3; ++i) {
        broker.pub(user, {"-t", "t", "-q", "1", "-m", "x"});
        EXPECT_TRUE(throws());
        EXPECT_EQ(seen, i);
    }
    EXPECT_EQ(ours.client.state().phase, Phase::connected);
}

TEST_F(Throwing, OfAcknowledgements) {
    Watched ours(context, options("ours", true));
    ASSERT_TRUE(ours.connects());
    int acknowledged = 0;
    for (int i = 0; i < 10; ++i) {
        ours.client.publish("t", "x", Qos::at_least_once, false, [&](const std::optional<Error>&) {
            if (++acknowledged == 3) fail();
        });
    }
    EXPECT_TRUE(throws());
    EXPECT_TRUE(run_until(context, [&] { return acknowledged == 10; })) << acknowledged;
}

TEST_F(Throwing, OfStates) {
    Watched ours(context, options("ours", true));
    int states = 0;
    ours.client.on_state([&](const transport::State&) {
        ++states;
        fail();
    });
    ours.client.start();
    EXPECT_TRUE(throws()) << "connecting";
    EXPECT_TRUE(throws()) << "connected";
    ASSERT_EQ(ours.client.state().phase, Phase::connected);
    broker.stop();
    EXPECT_TRUE(throws()) << "waiting";
    broker.start();
    while (ours.client.state().phase != Phase::connected) ASSERT_TRUE(throws());
    ours.client.stop();
    EXPECT_TRUE(throws()) << "stopped";
    EXPECT_FALSE(run_until(context, [] { return false; })) << "the context has work left";
}

TEST_F(Reconnect, ACallbackMayStopTheClient) {
    Watched ours(context, options("ours", true));
    ours.client.on_message([&](const transport::Received&) { ours.client.stop(); });
    ASSERT_TRUE(ours.connects());
    ASSERT_TRUE(ours.subscribes("t", Qos::at_least_once));
    broker.pub(user, {"-t", "t", "-m", "1"});
    EXPECT_TRUE(ours.until(Phase::stopped));
}

}  // namespace
}  // namespace countersign::test
