#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "tests/unit/transport/mosquitto.h"
#include "tests/unit/transport/running.h"

namespace countersign::test {
namespace {

using transport::publish_once;
using transport::Qos;

class PublishOnce : public testing::Test {
  protected:
    std::string code_of(transport::Options options, const std::string& topic,
                        std::chrono::milliseconds deadline) {
        try {
            publish_once(std::move(options), topic, "x", Qos::at_least_once, false, deadline);
            return "none";
        } catch (const Error& error) {
            return std::string(error.code());
        }
    }
    Certificates certificates;
    Pair user = certificates.client("user1");
    Mosquitto broker{certificates, certificates.server("IP:127.0.0.1")};
};

TEST_F(PublishOnce, ArrivesAtEveryQos) {
    const auto subscriber = broker.sub(user, "t", 2);
    for (const Qos qos : {Qos::at_most_once, Qos::at_least_once, Qos::exactly_once}) {
        const std::string payload = "qos" + std::to_string(static_cast<int>(qos));
        publish_once(broker.options("once", user), "t", payload, qos, false, kLimit);
        EXPECT_TRUE(subscriber.lines->wait_for("t " + payload));
    }
}

TEST_F(PublishOnce, TellsWhyWhenItsTimeIsUp) {
    broker.stop();
    EXPECT_EQ(code_of(broker.options("once", user), "t", std::chrono::milliseconds(100)),
              "E-BROKER-UNREACHABLE");
}

TEST_F(PublishOnce, WaitsForABrokerThatComesLater) {
    broker.stop();
    auto options = broker.options("once", user);
    // The wait before the second attempt is drawn when the first has failed: now the broker may come.
    std::atomic_flag failed_once;
    options.random = [&] {
        failed_once.test_and_set();
        failed_once.notify_one();
        return std::uint32_t{1};
    };
    auto outcome = std::async(std::launch::async, [&] { return code_of(std::move(options), "t", kLimit); });
    failed_once.wait(false);
    broker.start();
    EXPECT_EQ(outcome.get(), "none");
}

TEST_F(PublishOnce, APermanentFaultIsThrownAtOnce) {
    auto options = broker.options("once", user);
    options.anchors = certificates.stranger();
    options.give_up_on_permanent = false;  // makes no difference here
    EXPECT_EQ(code_of(std::move(options), "t", std::chrono::hours(1)), "E-BROKER-UNTRUSTED");
}

TEST_F(PublishOnce, WhatCannotBeSent) {
    EXPECT_EQ(code_of(broker.options("once", user), "a/#", kLimit), "E-TOPIC-INVALID");
    auto options = broker.options("once", user);
    options.max_packet = 100;
    try {
        publish_once(std::move(options), "t", std::string(401, 'x'), Qos::at_least_once, false, kLimit);
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.id(), Code::MessageTooLarge);
    }
}

}  // namespace
}  // namespace countersign::test
