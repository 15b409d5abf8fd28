// Everything that can happen to a connection happens, at random, and what QoS 1 and 2 promise holds.
//
// The seed is printed; COUNTERSIGN_CHAOS_SEED repeats it, COUNTERSIGN_CHAOS_SECONDS makes it last.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <asio/steady_timer.hpp>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <map>
#include <random>
#include <set>
#include <tuple>

#include "tests/unit/transport/mosquitto.h"
#include "tests/unit/transport/rough_wire.h"
#include "tests/unit/transport/running.h"

// A program with AddressSanitizer has it (sanitizer/allocator_interface.h), the header not every compiler.
extern "C" std::size_t __sanitizer_get_current_allocated_bytes() __attribute__((weak));

namespace countersign::test {
namespace {

using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace)
using std::chrono::steady_clock;
using transport::Phase;
using transport::Qos;

constexpr std::size_t kOutstanding = 100;  // messages of each stream not yet acknowledged

unsigned from_environment(const char* name, unsigned otherwise) {
    const char* text = std::getenv(name);
    if (text != nullptr) std::from_chars(text, text + std::strlen(text), otherwise);
    return otherwise;
}

std::chrono::seconds duration() {
    return std::chrono::seconds(from_environment("COUNTERSIGN_CHAOS_SECONDS", 12));
}

// Messages 0, 1, 2… on a topic of their own.
struct Stream {
    std::string topic;
    Qos qos;
    int published = 0;
    std::map<int, steady_clock::time_point> acknowledged{};
};

class Chaos : public testing::Test {
  protected:
    void SetUp() override {
        const auto seed = from_environment("COUNTERSIGN_CHAOS_SEED", std::random_device{}());
        random.seed(seed);
        std::cout << "COUNTERSIGN_CHAOS_SEED=" << seed << std::endl;  // also of a run that hangs
    }
    transport::Options through_the_wire(const std::string& name) {
        auto wanted = broker.options(name, user);
        wanted.brokers.front().port = wire.port();
        wanted.clean_session = false;
        wanted.connect_timeout = 3s;
        return wanted;
    }
    int between(int least, int most) { return std::uniform_int_distribution(least, most)(random); }

    void run_for(std::chrono::milliseconds time) {
        context.restart();
        context.run_for(time);
    }

    // Every 2 ms a message on each stream, unless too many wait already.
    void keep_publishing(transport::Client& client) {
        pace.expires_after(2ms);
        pace.async_wait([this, &client](const std::error_code& cancelled) {
            if (cancelled) return;
            for (Stream& stream : streams) publish(client, stream);
            keep_publishing(client);
        });
    }
    static void publish(transport::Client& client, Stream& stream) {
        if (static_cast<std::size_t>(stream.published) - stream.acknowledged.size() >= kOutstanding) return;
        const int number = stream.published++;
        client.publish(stream.topic, std::to_string(number), stream.qos, false,
                       [&stream, number](const std::optional<Error>& error) {
                           if (!error) stream.acknowledged[number] = steady_clock::now();
                       });
    }

    void something_bad(bool may_kill) {
        switch (between(0, may_kill ? 6 : 5)) {
            case 0: wire.reset(); break;
            case 1: wire.half_close(); break;
            case 2:
                wire.drip(std::chrono::microseconds(between(1, 300)));
                run_for(std::chrono::milliseconds(between(100, 800)));
                wire.drip(0us);
                break;
            case 3:
                wire.refuse(true);
                wire.reset();
                run_for(std::chrono::milliseconds(between(1, 200)));
                wire.refuse(false);
                break;
            case 4:
                broker.signal(SIGSTOP);
                run_for(std::chrono::milliseconds(between(1, 1000)));
                broker.signal(SIGCONT);
                break;
            case 5:
                broker.stop();
                run_for(std::chrono::milliseconds(between(0, 200)));
                broker.start();
                break;
            default:
                broker.kill();
                kills.push_back(steady_clock::now());
                run_for(std::chrono::milliseconds(between(0, 200)));
                broker.start();
        }
    }
    void let_it_happen(bool may_kill) {
        const auto end = steady_clock::now() + duration();
        while (steady_clock::now() < end) {
            something_bad(may_kill);
            run_for(std::chrono::milliseconds(between(1, 400)));
        }
        pace.cancel();
    }
    // The broker has everything that was published.
    [[nodiscard]] bool all_acknowledged() {
        return run_until(context, [this] {
            return std::all_of(streams.begin(), streams.end(), [](const Stream& stream) {
                return stream.acknowledged.size() == static_cast<std::size_t>(stream.published);
            });
        });
    }

    std::mt19937 random;
    Certificates certificates;
    Pair user = certificates.client("user1");
    Mosquitto broker{certificates, certificates.server("IP:127.0.0.1"), "autosave_interval 1\n"};
    asio::io_context context;
    RoughWire wire{context, broker.port()};
    asio::steady_timer pace{context};
    std::vector<Stream> streams{{.topic = "once/1", .qos = Qos::at_least_once},
                                {.topic = "once/2", .qos = Qos::exactly_once}};
    std::vector<steady_clock::time_point> kills;
};

// The numbers that came on a topic, in order.
std::vector<int> numbers(const std::vector<std::string>& messages, const std::string& topic) {
    std::vector<int> found;
    for (const auto& message : messages) {
        if (message.starts_with(topic + " ")) found.push_back(std::stoi(message.substr(topic.size() + 1)));
    }
    return found;
}

std::vector<int> without_repeats(const std::vector<int>& all) {
    std::vector<int> once;
    std::set<int> seen;
    for (const int number : all) {
        if (seen.insert(number).second) once.push_back(number);
    }
    return once;
}

std::vector<int> up_to(int count) {
    std::vector<int> all(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) all[static_cast<std::size_t>(i)] = i;
    return all;
}

// Everything mosquitto_sub has printed, until the last message of both streams, or nothing for a while.
std::vector<std::string> heard(Mosquitto::Subscriber& oracle, const std::vector<Stream>& streams) {
    std::vector<std::string> lines;
    std::set<std::string> awaited;
    for (const auto& stream : streams)
        awaited.insert(stream.topic + " " + std::to_string(stream.published - 1));
    while (!awaited.empty()) {
        const auto line = oracle.lines->next(10s);
        if (!line) break;
        awaited.erase(*line);
        lines.push_back(*line);
    }
    return lines;
}

// [MQTT-4.3.2], [MQTT-4.3.3], [MQTT-4.6.0-6]: as long as the broker keeps what it must keep, which a
// Mosquitto that is stopped in order does.
TEST_F(Chaos, QoS1ArrivesAtLeastOnceAndQoS2ExactlyOnceInOrder) {
    // What reached the broker is kept there for mosquitto_sub, which does not live through all this itself.
    std::ignore = broker.sub(user, "once/#", 2, {"-c", "-i", "oracle"});
    Watched subscriber(context, through_the_wire("subscriber"));
    Watched publisher(context, through_the_wire("publisher"));
    ASSERT_TRUE(subscriber.connects());
    ASSERT_TRUE(subscriber.subscribes("once/#", Qos::exactly_once));
    ASSERT_TRUE(publisher.connects());

    keep_publishing(publisher.client);
    let_it_happen(false);

    ASSERT_TRUE(all_acknowledged());
    const auto published = [&](std::size_t i) { return up_to(streams[i].published); };
    EXPECT_TRUE(run_until(context, [&] {
        return numbers(subscriber.messages, "once/1").size() >= published(0).size() &&
               numbers(subscriber.messages, "once/2").size() >= published(1).size();
    }));
    EXPECT_EQ(without_repeats(numbers(subscriber.messages, "once/1")), published(0));
    EXPECT_EQ(numbers(subscriber.messages, "once/2"), published(1));
    auto oracle = broker.start_sub(user, "once/#", 2, {"-c", "-i", "oracle"});
    const auto lines = heard(oracle, streams);
    EXPECT_EQ(without_repeats(numbers(lines, "once/1")), published(0));
    EXPECT_EQ(numbers(lines, "once/2"), published(1));
    std::cout << published(0).size() << " and " << published(1).size() << " messages\n";
}

// A broker that is killed loses what it has not saved, acknowledged or not, and forgets that it has
// delivered. What is left of the promise: the client comes back, nothing is lost on our side of the wire, and
// what the broker had for longer than its autosave_interval is not lost at all.
TEST_F(Chaos, WhatAKilledBrokerHadSavedArrivesAndTheClientComesBack) {
    streams.pop_back();
    Watched subscriber(context, through_the_wire("subscriber"));
    Watched publisher(context, through_the_wire("publisher"));
    ASSERT_TRUE(subscriber.connects());
    ASSERT_TRUE(subscriber.subscribes("once/#", Qos::at_least_once));
    ASSERT_TRUE(publisher.connects());
    broker.signal(SIGUSR1);  // the subscription is on the disk (mosquitto(8)), or a kill would end it
    ASSERT_TRUE(broker.log().wait_for("Saving in-memory database"));
    run_for(1s);

    keep_publishing(publisher.client);
    let_it_happen(true);

    ASSERT_TRUE(publisher.until(Phase::connected));
    ASSERT_TRUE(subscriber.until(Phase::connected));
    ASSERT_TRUE(all_acknowledged());
    auto oracle = broker.sub(user, "once/#", 1, {"-i", "oracle"});
    publish(publisher.client, streams[0]);  // after the last kill: it must arrive
    const std::string last = "once/1 " + std::to_string(streams[0].published - 1);
    EXPECT_TRUE(run_until(context, [&] {
        return std::find(subscriber.messages.begin(), subscriber.messages.end(), last) !=
               subscriber.messages.end();
    }));
    const auto got = numbers(subscriber.messages, "once/1");
    const std::set<int> arrived(got.begin(), got.end());
    int lost = 0;
    for (const auto& [number, when] : streams[0].acknowledged) {
        if (arrived.contains(number)) continue;
        ++lost;
        const bool excused = std::any_of(kills.begin(), kills.end(), [&, at = when](const auto& kill) {
            return at < kill && kill - at < 5s;  // autosave_interval, and time to write
        });
        EXPECT_TRUE(excused) << number;
    }
    std::cout << streams[0].published << " messages, " << kills.size() << " kills, " << lost
              << " lost by the broker\n";
    EXPECT_THAT(heard(oracle, streams), testing::Contains(last));
}

std::size_t allocated() {
    if (__sanitizer_get_current_allocated_bytes != nullptr) return __sanitizer_get_current_allocated_bytes();
    return ::mallinfo2().uordblks;
}

TEST_F(Chaos, ReconnectingKeepsNoMemory) {
    Watched client(context, through_the_wire("user1"));
    ASSERT_TRUE(client.connects());
    const auto reconnect = [&](int times) {
        for (int i = 0; i < times; ++i) {
            wire.reset();
            ASSERT_TRUE(client.until(Phase::waiting));
            ASSERT_TRUE(client.until(Phase::connected));
            client.states.clear();
        }
    };
    reconnect(30);
    const std::size_t before = allocated();
    reconnect(100);
    EXPECT_LT(allocated(), before + 65'536);
}

}  // namespace
}  // namespace countersign::test
