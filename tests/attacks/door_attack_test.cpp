// What somebody who has one device's certificate tries at the broker's door, against a real Mosquitto.
#include <map>

#include "host/base/subprocess.h"
#include "tests/unit/broker/live_broker.h"

namespace countersign::broker {
namespace {

using enum CertificateState;
using std::chrono::seconds;

constexpr int kAccepted = 0;

const Identity* identity(const std::string& name) {
    return &authority().client(name);
}

Standing row(const std::string& name, Role role = Role::device, CertificateState state = active) {
    return standing(identity(name)->fingerprint, state, role);
}

class DoorAttack : public testing::Test {
  protected:
    DoorAttack() : broker({"anna"}) {
        broker.set_users({"anna"}, {"desk"});
        broker.publish(
            {row("kitchen"), row("garage"), row("anna", Role::operator_), row("desk", Role::responder)});
    }

    // Mosquitto's own client, as somebody else would write one.
    std::vector<std::string> client(const std::string& program, const std::string& name,
                                    const std::string& id, std::vector<std::string> rest) const {
        std::vector<std::string> argv{program,
                                      "-h",
                                      "127.0.0.1",
                                      "-p",
                                      std::to_string(broker.settings.port),
                                      "--cafile",
                                      authority().certificate().string(),
                                      "--cert",
                                      identity(name)->certificate.string(),
                                      "--key",
                                      identity(name)->key.string(),
                                      "-i",
                                      id};
        argv.insert(argv.end(), rest.begin(), rest.end());
        return argv;
    }

    LiveBroker broker;
};

std::size_t count_of(const std::string& text, const std::string& part) {
    std::size_t count = 0;
    for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size()) ++count;
    return count;
}

TEST_F(DoorAttack, ADeviceJoinsTheWorkersOfASharedSubscription) {
    broker.start();
    auto worker = broker.dial(identity("anna"));
    auto thief = broker.dial(identity("garage"));
    auto kitchen = broker.dial(identity("kitchen"));
    ASSERT_EQ(worker.connect("operator~anna/worker"), kAccepted);
    ASSERT_EQ(thief.connect("garage"), kAccepted);
    ASSERT_EQ(kitchen.connect("kitchen"), kAccepted);
    ASSERT_TRUE(worker.subscribe("$share/workers/devices/#"));
    for (const char* filter : {"$share/workers/devices/#", "$share/workers/#",
                               "$share/workers/devices/+/count", "$share/workers/devices/kitchen/count"}) {
        EXPECT_FALSE(thief.subscribe(filter)) << filter;
    }
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(kitchen.publish("devices/kitchen/count", std::to_string(i)));
    EXPECT_EQ(count_of(worker.messages(), "devices/kitchen/count="), 20u);
    EXPECT_TRUE(broker.wait_for_log("countersign: refused garage the subscription $share/workers/devices/#"));
}

// The code of each protocol: 0x80 in 3.1.1, 135 (0x87, not authorized) in 5; and the log stays short.
TEST_F(DoorAttack, AForeignSubscriptionIsToldInBothProtocols) {
    broker.start();
    for (const auto& [version, code] : std::map<std::string, std::string>{{"311", "128"}, {"5", "135"}}) {
        const auto said =
            run_command(client("mosquitto_sub", "garage", "garage",
                               {"-V", version, "-d", "-W", "5", "-t", "devices/kitchen/#", "-t", "$SYS/#"}),
                        seconds(20));
        EXPECT_NE(said.output.find("Subscribed (mid: 1): " + code + ", " + code), std::string::npos)
            << said.output;
    }
    auto thief = broker.dial(identity("garage"));
    ASSERT_EQ(thief.connect("garage"), kAccepted);
    for (int i = 0; i < 200; ++i) ASSERT_FALSE(thief.subscribe("devices/" + std::to_string(i) + "/#"));
    EXPECT_LE(broker.count_log("countersign: refused garage the subscription"), 8u) << "two windows at most";
}

// Its own topics stay its own, shared or not.
TEST_F(DoorAttack, ADeviceKeepsTheSubscriptionsItMayHave) {
    broker.start();
    auto anna = broker.dial(identity("anna"));
    auto kitchen = broker.dial(identity("kitchen"));
    ASSERT_EQ(anna.connect("operator~anna/1"), kAccepted);
    ASSERT_EQ(kitchen.connect("kitchen"), kAccepted);
    ASSERT_TRUE(kitchen.subscribe("$share/own/devices/kitchen/cmd/#"));
    ASSERT_TRUE(kitchen.subscribe("countersign/kitchen/#"));
    ASSERT_TRUE(anna.publish("devices/kitchen/cmd/led", "on"));
    EXPECT_EQ(kitchen.messages(), "devices/kitchen/cmd/led=on ");
}

}  // namespace
}  // namespace countersign::broker
