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

    // Mosquitto as a version before this one would have left it: whoever has a certificate does as he likes.
    void start_without_plugin() {
        std::string config = slurp(broker.files.config);
        for (const char* line : {"plugin ", "plugin_opt_", "acl_file "}) {
            std::size_t at = 0;
            while ((at = config.find(std::string("\n") + line)) != std::string::npos)
                config.erase(at, config.find('\n', at + 1) - at);
        }
        const std::string skipped = "use_identity_as_username false";
        config.replace(config.find(skipped), skipped.size(), "use_identity_as_username true");
        spill(broker.files.config, config);
        broker.start();
    }
    void restart_with_plugin() {
        broker.stop();
        broker.write_config();
        broker.start();
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
    EXPECT_TRUE(broker.wait_for_log("countersign: refused garage to subscribe to $share/workers/devices/#"));
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
    EXPECT_LE(broker.count_log("countersign: refused garage to subscribe to"), 8u) << "two windows at most";
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

// What a device retains in the broker is bounded in number and bytes, and others are served meanwhile.
TEST_F(DoorAttack, ADeviceRetainsWithoutEnd) {
    broker.start();
    auto thief = broker.dial(identity("garage"));
    auto kitchen = broker.dial(identity("kitchen"));
    auto anna = broker.dial(identity("anna"));
    ASSERT_EQ(thief.connect("garage"), kAccepted);
    ASSERT_EQ(kitchen.connect("kitchen"), kAccepted);
    ASSERT_EQ(anna.connect("operator~anna/1"), kAccepted);
    for (int i = 0; i < 400; ++i)
        ASSERT_TRUE(thief.publish_retained("devices/garage/" + std::to_string(i), "x"));
    ASSERT_TRUE(anna.subscribe("devices/garage/#"));
    std::string heard;  // a window of 20 at a time
    for (std::string more = anna.messages(); !more.empty(); more = anna.messages()) heard += more;
    EXPECT_EQ(count_of(heard, "devices/garage/"), 256u);
    EXPECT_TRUE(
        broker.wait_for_log("refused garage to publish to devices/garage/256: it has too much retained"));
    EXPECT_LE(broker.count_log("it has too much retained"), 8u);

    const std::string big(300 * 1024, 'x');
    for (int i = 0; i < 10; ++i) {
        ASSERT_TRUE(thief.publish_retained("devices/garage/" + std::to_string(i), big));
        ASSERT_TRUE(kitchen.publish("devices/kitchen/count", "1"));
    }
    auto bert = broker.dial(identity("anna"));
    ASSERT_EQ(bert.connect("operator~anna/2"), kAccepted);
    ASSERT_TRUE(bert.subscribe("devices/garage/#"));
    EXPECT_LE(bert.messages().size(), 1'100'000u);
}

// A flood ends at the burst; whoever floods stays connected, and is told of in a few lines.
TEST_F(DoorAttack, ADeviceFloods) {
    broker.start();
    auto thief = broker.dial(identity("garage"));
    auto anna = broker.dial(identity("anna"));
    ASSERT_EQ(thief.connect("garage"), kAccepted);
    ASSERT_EQ(anna.connect("operator~anna/1"), kAccepted);
    for (int i = 0; i < 60; ++i) ASSERT_TRUE(thief.publish("devices/garage/x", std::string(1'000'000, 'x')));
    ASSERT_TRUE(anna.publish("devices/garage/cmd/stop", "now"));
    EXPECT_TRUE(thief.ping());
    EXPECT_TRUE(broker.wait_for_log("refused garage to publish to devices/garage/x: it publishes too fast"));
    EXPECT_LE(broker.count_log("it publishes too fast"), 8u);
}

TEST_F(DoorAttack, ADeviceSubscribesWithoutEnd) {
    broker.start();
    auto thief = broker.dial(identity("garage"));
    ASSERT_EQ(thief.connect("garage"), kAccepted);
    int granted = 0;
    for (int i = 0; i < 300; ++i) granted += thief.subscribe("devices/garage/" + std::to_string(i)) ? 1 : 0;
    EXPECT_EQ(granted, 64);
    EXPECT_FALSE(thief.subscribe("devices/garage/" + std::string(600, 'x')));
    EXPECT_TRUE(thief.subscribe("devices/garage/5")) << "what it has it may ask for again";
    EXPECT_TRUE(broker.wait_for_log("it has too many subscriptions"));
}

// A certificate that is refused and knocks again and again.
TEST_F(DoorAttack, ARefusedCertificateKnocksAllDay) {
    broker.publish({row("kitchen"), row("garage", Role::device, revoked)});
    broker.start();
    for (int i = 0; i < 60; ++i) EXPECT_NE(broker.dial(identity("garage")).connect("garage"), kAccepted);
    EXPECT_LE(broker.count_log("refused garage"), 8u);
    EXPECT_GE(broker.count_log("refused garage"), 1u);
    EXPECT_EQ(broker.dial(identity("kitchen")).connect("kitchen"), kAccepted);
}

// A session that was kept from before subscriptions were judged: it is found by the first message it takes,
// may not be taken up while it waits for its end, and an operator's clean connect ends it.
TEST_F(DoorAttack, AKeptSessionHasAForeignSubscription) {
    start_without_plugin();
    {
        auto thief = broker.dial(identity("garage"), {.clean = false});
        ASSERT_EQ(thief.connect("garage"), kAccepted);
        ASSERT_TRUE(thief.subscribe("devices/#"));  // shared ones Mosquitto 2.0.11 keeps over no restart
    }
    restart_with_plugin();
    auto worker = broker.dial(identity("anna"));
    auto kitchen = broker.dial(identity("kitchen"));
    ASSERT_EQ(worker.connect("operator~anna/worker"), kAccepted);
    ASSERT_EQ(kitchen.connect("kitchen"), kAccepted);
    ASSERT_TRUE(worker.subscribe("$share/workers/devices/#"));
    ASSERT_TRUE(kitchen.publish("devices/kitchen/count", "first"));
    ASSERT_TRUE(kitchen.publish("devices/kitchen/count", "second"));
    ASSERT_TRUE(broker.wait_for_log("the session of garage must go"));
    EXPECT_NE(broker.dial(identity("garage"), {.clean = false}).connect("garage"), kAccepted);
    ASSERT_EQ(broker.dial(identity("anna")).connect("garage"), kAccepted);
    (void)worker.messages();
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(kitchen.publish("devices/kitchen/count", std::to_string(i)));
    EXPECT_EQ(count_of(worker.messages(), "devices/kitchen/count="), 20u);
    auto back = broker.dial(identity("garage"), {.clean = false});
    EXPECT_EQ(back.connect("garage"), kAccepted);
}

// To end a kept session is all an operator may do under a device's client id.
TEST_F(DoorAttack, AnOperatorPosesAsADevice) {
    broker.start();
    auto garage = broker.dial(identity("garage"));
    ASSERT_EQ(garage.connect("garage"), kAccepted);
    EXPECT_NE(broker.dial(identity("anna")).connect("garage"), kAccepted) << "it is here";
    EXPECT_NE(broker.dial(identity("anna"), {.clean = false}).connect("kitchen"), kAccepted);
    EXPECT_NE(broker.dial(identity("anna")).connect("responder~desk/1"), kAccepted);
    EXPECT_NE(broker.dial(identity("desk")).connect("kitchen"), kAccepted);
    EXPECT_NE(broker.dial(identity("garage")).connect("kitchen"), kAccepted);
    EXPECT_TRUE(garage.ping());
    auto sweeper = broker.dial(identity("anna"));
    ASSERT_EQ(sweeper.connect("kitchen"), kAccepted);
    EXPECT_TRUE(sweeper.publish("devices/garage/cmd/led", "on")) << "still an operator";
    auto kitchen = broker.dial(identity("kitchen"));
    EXPECT_EQ(kitchen.connect("kitchen"), kAccepted) << "the device itself always gets in";
    EXPECT_FALSE(sweeper.ping());
}

// What a thief retains under cmd/ is no order, not even to whoever gets the name after him.
TEST_F(DoorAttack, ADeviceLeavesOrdersForItself) {
    broker.start();
    auto thief = broker.dial(identity("garage"));
    auto kitchen = broker.dial(identity("kitchen"));
    ASSERT_EQ(thief.connect("garage"), kAccepted);
    ASSERT_EQ(kitchen.connect("kitchen"), kAccepted);
    for (const char* topic : {"devices/garage/cmd/door", "devices/garage/cmd", "devices/kitchen/cmd/door",
                              "countersign/garage/command", "countersign/garage/certificate"}) {
        ASSERT_TRUE(thief.publish_retained(topic, "open"));
    }
    ASSERT_TRUE(thief.subscribe("devices/garage/#"));
    ASSERT_TRUE(thief.subscribe("countersign/garage/#"));
    ASSERT_TRUE(kitchen.subscribe("devices/kitchen/#"));
    EXPECT_EQ(thief.messages(), "");
    EXPECT_EQ(kitchen.messages(), "");
    EXPECT_TRUE(broker.wait_for_log("refused garage to publish to devices/garage/cmd"));
}

// Retained before the plugin judged it so: Mosquitto asks again when it is delivered.
TEST_F(DoorAttack, OrdersThatADeviceLeftUnderAnOlderVersionAreNotDelivered) {
    start_without_plugin();
    {
        auto thief = broker.dial(identity("garage"));
        ASSERT_EQ(thief.connect("garage"), kAccepted);
        ASSERT_TRUE(thief.publish_retained("devices/garage/cmd/door", "open"));
        ASSERT_TRUE(thief.publish_retained("devices/garage/state", "here"));
    }
    restart_with_plugin();
    auto garage = broker.dial(identity("garage"));
    ASSERT_EQ(garage.connect("garage"), kAccepted);
    ASSERT_TRUE(garage.subscribe("devices/garage/#"));
    EXPECT_EQ(garage.messages(), "devices/garage/state=here ");
}

// The thief's session waits with messages in it; the name is issued anew, by hand.
TEST_F(DoorAttack, AThiefsSessionWaitsForTheNextBearerOfTheName) {
    const Identity next = authority().another("garage");
    broker.start();
    auto anna = broker.dial(identity("anna"));
    ASSERT_EQ(anna.connect("operator~anna/1"), kAccepted);
    {
        auto thief = broker.dial(identity("garage"), {.clean = false});
        ASSERT_EQ(thief.connect("garage"), kAccepted);
        ASSERT_TRUE(thief.subscribe("devices/garage/#"));
    }
    for (int i = 0; i < 50; ++i) ASSERT_TRUE(anna.publish("devices/garage/cmd/door", "open"));
    Standing fresh = standing(next.fingerprint, pending);
    fresh.fresh = true;
    broker.append({row("garage", Role::device, revoked), fresh});
    {
        auto garage = broker.dial(&next, {.clean = false});
        ASSERT_EQ(garage.connect("garage"), kAccepted);
        EXPECT_EQ(garage.messages(), "");
        ASSERT_TRUE(broker.wait_for_log("dropped what had waited for garage"));
    }
    {
        auto garage = broker.dial(&next, {.clean = false});
        ASSERT_EQ(garage.connect("garage"), kAccepted);
        EXPECT_EQ(garage.messages(), "");
        ASSERT_TRUE(garage.subscribe("devices/garage/cmd/#"));
        ASSERT_TRUE(anna.publish("devices/garage/cmd/led", "on"));
        EXPECT_NE(garage.messages().find("devices/garage/cmd/led=on "), std::string::npos);
    }
    // From then on it is a session like any other.
    ASSERT_TRUE(anna.publish("devices/garage/cmd/led", "off"));
    auto back = broker.dial(&next, {.clean = false});
    ASSERT_EQ(back.connect("garage"), kAccepted);
    EXPECT_NE(back.messages().find("devices/garage/cmd/led=off "), std::string::npos);
}

// A renewed certificate is the same device: what waits for it comes.
TEST_F(DoorAttack, ARenewedCertificateKeepsItsSession) {
    const Identity next = authority().another("garage");
    broker.start();
    auto anna = broker.dial(identity("anna"));
    ASSERT_EQ(anna.connect("operator~anna/1"), kAccepted);
    {
        auto garage = broker.dial(identity("garage"), {.clean = false});
        ASSERT_EQ(garage.connect("garage"), kAccepted);
        ASSERT_TRUE(garage.subscribe("devices/garage/cmd/#"));
    }
    ASSERT_TRUE(anna.publish("devices/garage/cmd/led", "on"));
    broker.append({standing(next.fingerprint, pending)});
    auto garage = broker.dial(&next, {.clean = false});
    ASSERT_EQ(garage.connect("garage"), kAccepted);
    EXPECT_EQ(garage.messages(), "devices/garage/cmd/led=on ");
}

}  // namespace
}  // namespace countersign::broker
