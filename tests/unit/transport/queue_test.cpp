// The queue between programs and the session, with the broker's packets made by hand.
#include "host/transport/queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

namespace countersign::transport {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Memory = mqtt::StaticStorage<256, 1024, 4096, 16, 4>;

class QueueTest : public testing::Test {
  protected:
    // The texts of what the queue was told, in order: "1 ok", "2 E-NOT-SENT".
    Client::Done done(const std::string& name) {
        return [this, name](const std::optional<Error>& error) {
            told.push_back(name + " " + (error ? std::string(error->code()) : "ok"));
        };
    }
    void connect(std::uint8_t session_present) {
        session.transport_closed();
        pump();
        mqtt::ConnectOptions options;
        options.client_id = "d1";
        options.clean_session = false;
        ASSERT_EQ(session.connect(0, options), mqtt::Status::ok);
        pump();
        receive({0x20, 0x02, session_present, 0x00});
    }
    void receive(const std::vector<std::uint8_t>& bytes) {
        ASSERT_EQ(session.bytes_received(0, bytes), mqtt::Status::ok);
        pump();
        queue.run_callbacks([](const auto& callback) { callback(); });
    }
    void pump() {
        mqtt::Effect effect;
        for (;;) {
            if (session.connected()) queue.feed(session);
            if (!session.next(effect)) return;
            using Kind = mqtt::Effect::Kind;
            if (effect.kind == Kind::send) sent.push_back(effect.bytes[0]);
            if (effect.kind == Kind::connected) queue.connected(effect.session_present);
            if (effect.kind == Kind::published) queue.published(effect.packet_id);
            if (effect.kind == Kind::subscribed) queue.subscribed(effect.packet_id, effect.bytes);
            if (effect.kind == Kind::unsubscribed) queue.unsubscribed(effect.packet_id, effect.bytes);
            if (effect.kind == Kind::rejected) queue.rejected(effect.packet_id, effect.reason);
            if (effect.kind == Kind::dropped) queue.dropped(effect.packet_id, effect.drop);
        }
    }

    std::unique_ptr<Memory> memory = std::make_unique<Memory>();
    mqtt::Session session{memory->spans(), {.max_inflight = 2}};
    Queue queue{3, 2};
    std::vector<std::string> told;
    std::vector<int> sent;  // first bytes: 0x32 PUBLISH, 0x3A with DUP, 0x82 SUBSCRIBE
};

TEST_F(QueueTest, TheBrokerDoesNotGrantASubscription) {
    queue.subscribe("a", Qos::at_least_once, done("a"));
    connect(0);
    receive({0x90, 0x03, 0x00, 0x01, 0x80});  // SUBACK, packet id 1, refused
    EXPECT_THAT(told, ElementsAre("a E-BROKER-REFUSED"));
    sent.clear();
    connect(0);
    EXPECT_THAT(sent, ElementsAre(0x10)) << "it is not asked for again";
}

TEST_F(QueueTest, AGrantedSubscriptionIsAskedForAgainOnlyWhenTheSessionIsLost) {
    queue.subscribe("a", Qos::at_least_once, done("a"));
    connect(0);
    receive({0x90, 0x03, 0x00, 0x01, 0x01});
    EXPECT_THAT(told, ElementsAre("a ok"));
    sent.clear();
    connect(1);
    EXPECT_THAT(sent, ElementsAre(0x10));
    sent.clear();
    connect(0);
    EXPECT_THAT(sent, ElementsAre(0x10, 0x82));
}

TEST_F(QueueTest, ASubscriptionInterruptedIsMadeOnTheNextConnection) {
    queue.subscribe("a", Qos::at_least_once, done("a"));
    connect(0);
    sent.clear();
    connect(1);
    EXPECT_THAT(sent, ElementsAre(0x10, 0x82));
    EXPECT_THAT(told, IsEmpty());
}

TEST_F(QueueTest, MessagesOfALostSessionAreNewOnesInTheirOldOrder) {
    connect(0);
    for (const char* name : {"1", "2", "3"}) queue.publish("t", name, Qos::at_least_once, false, done(name));
    pump();
    sent.clear();
    connect(1);
    EXPECT_THAT(sent, ElementsAre(0x10, 0x3A, 0x3A)) << "sent again with DUP: the session is there";
    sent.clear();
    connect(0);
    EXPECT_THAT(sent, ElementsAre(0x10, 0x32, 0x32)) << "without DUP: to this session they are new";
    receive({0x40, 0x02, 0x00, 0x03});  // new packet ids
    receive({0x40, 0x02, 0x00, 0x04});
    receive({0x40, 0x02, 0x00, 0x05});
    EXPECT_THAT(told, ElementsAre("1 ok", "2 ok", "3 ok"));
    EXPECT_TRUE(queue.idle());
}

TEST_F(QueueTest, ASubscriptionTheBrokerDoesNotHaveStopsNothingBehindIt) {
    queue.subscribe("a/#", Qos::at_least_once, done("wildcard"));
    queue.publish("t", "x", Qos::at_least_once, false, done("message"));
    mqtt::ConnectOptions options;
    options.version = mqtt::Version::v5;
    ASSERT_EQ(session.connect(0, options), mqtt::Status::ok);
    pump();
    receive({0x20, 0x05, 0x00, 0x00, 0x02, 0x28, 0x00});  // CONNACK: no wildcards
    receive({0x40, 0x02, 0x00, 0x01});
    EXPECT_THAT(told, ElementsAre("wildcard E-BROKER-REFUSED", "message ok"));
}

TEST_F(QueueTest, WhatABrokerOf5RefusesIsTold) {
    queue.publish("t", "x", Qos::at_least_once, false, done("message"));
    queue.unsubscribe("a", done("unsubscribed"));
    mqtt::ConnectOptions options;
    options.version = mqtt::Version::v5;
    ASSERT_EQ(session.connect(0, options), mqtt::Status::ok);
    pump();
    receive({0x20, 0x03, 0x00, 0x00, 0x00});
    receive({0xB0, 0x04, 0x00, 0x01, 0x00, 0x87});  // UNSUBACK: not authorized
    receive({0x40, 0x03, 0x00, 0x02, 0x97});        // PUBACK: quota exceeded
    EXPECT_THAT(told, ElementsAre("unsubscribed E-BROKER-REFUSED", "message E-BROKER-REFUSED"));
    EXPECT_TRUE(queue.idle());
}

TEST_F(QueueTest, IsBounded) {
    for (const char* name : {"1", "2", "3", "4"})
        queue.publish("t", "x", Qos::at_least_once, false, done(name));
    queue.run_callbacks([](const auto& callback) { callback(); });
    EXPECT_THAT(told, ElementsAre("4 E-QUEUE-FULL"));
}

TEST_F(QueueTest, AMessageTooLargeDoesNotStopThoseBehindIt) {
    connect(0);
    queue.publish("t", std::string(5000, 'x'), Qos::at_least_once, false, done("large"));
    queue.publish("t", "x", Qos::at_least_once, false, done("small"));
    pump();
    receive({0x40, 0x02, 0x00, 0x01});
    EXPECT_THAT(told, ElementsAre("large E-MESSAGE-TOO-LARGE", "small ok"));
}

TEST_F(QueueTest, QoS0IsDoneWhenWrittenAndLostWithItsConnection) {
    connect(0);
    queue.publish("t", "1", Qos::at_most_once, false, done("1"));
    pump();
    EXPECT_FALSE(queue.idle());
    queue.written();
    queue.publish("t", "2", Qos::at_most_once, false, done("2"));
    pump();
    queue.connection_lost(Error(Code::BrokerClosed));
    queue.run_callbacks([](const auto& callback) { callback(); });
    EXPECT_THAT(told, ElementsAre("1 ok", "2 E-NOT-SENT"));
}

TEST_F(QueueTest, BadTopicsAndFilters) {
    queue.publish("a/+", "x", Qos::at_least_once, false, done("1"));
    queue.subscribe("a#", Qos::at_least_once, done("2"));
    queue.unsubscribe("", done("3"));
    queue.run_callbacks([](const auto& callback) { callback(); });
    EXPECT_THAT(told, ElementsAre("1 E-TOPIC-INVALID", "2 E-TOPIC-INVALID", "3 E-TOPIC-INVALID"));
    EXPECT_TRUE(queue.idle());
}

// Messages that waited leave together, and the window is never empty while some wait.
TEST_F(QueueTest, AFullWindowIsFilledAgainWhenHalfOfItIsFree) {
    session = mqtt::Session(memory->spans(), {.max_inflight = 4});
    queue = Queue(8, 4);
    connect(0);
    for (int i = 1; i <= 8; ++i) queue.publish("t", std::to_string(i), Qos::at_least_once, false, {});
    pump();
    EXPECT_EQ(sent.size(), 1 + 4);  // CONNECT, and the window
    receive({0x40, 0x02, 0x00, 0x01});
    EXPECT_EQ(sent.size(), 1 + 4);
    receive({0x40, 0x02, 0x00, 0x02});
    EXPECT_EQ(sent.size(), 1 + 6);
    receive({0x40, 0x02, 0x00, 0x03, 0x40, 0x02, 0x00, 0x04});
    EXPECT_EQ(sent.size(), 1 + 8);
}

}  // namespace
}  // namespace countersign::transport
