// Where our own programs look for the broker: on this machine first, whatever its public address is (behind
// NAT, a port forward, a container), then at each address of settings.json in order, as it is now.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/support/program.h"
#include "tests/support/black_hole.h"

namespace countersign::e2e {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

constexpr auto kNowhere = "192.0.2.1";    // RFC 5737: no host has it
constexpr auto kElsewhere = "127.0.0.5";  // this machine's, but not where it is looked for first
constexpr auto kThere = "127.0.0.1";

class Dialling : public testing::Test {
  protected:
    void init(const std::vector<std::string>& hosts) {
        scene.init(hosts);
        scene.must({"issue", "user1"});
    }
    Scene scene;
};

TEST_F(Dialling, TheBrokerOfThisMachineIsFoundBehindAnAddressThatIsNot) {
    init({kNowhere});
    const auto broker = start_broker(scene, kThere);
    scene.must({"send", "user1", "cmd/led", "on"});
    Background watch(scene.argv({"watch"}));
    EXPECT_TRUE(watch.wait_for("Connected to 127.0.0.1")) << watch.output();
    Background signer(scene.argv({"signer"}));
    ASSERT_TRUE(signer.wait_for("ready")) << signer.output();
    Background responder(scene.argv({"responder"}));
    EXPECT_TRUE(responder.wait_for("connected to the broker")) << responder.output();
    EXPECT_THAT(responder.output(), Not(HasSubstr("E-BROKER")));
    const auto revoked = scene.ask({"revoke", "user1"});
    EXPECT_EQ(revoked["exit"], 0) << revoked;
    EXPECT_EQ(revoked["broker_asked"], true) << revoked;
    EXPECT_EQ(revoked["connect_refused"], true) << revoked;
    EXPECT_EQ(revoked["resumed_refused"], true) << revoked;
}

// As on an operator's own computer: what listens there is not ours, and nobody is bothered with it.
TEST_F(Dialling, AnotherBrokerOnThisMachineIsPassedOver) {
    init({kElsewhere});
    Scene other;
    other.set_port(scene.port());
    other.init();
    const auto foreign = start_broker(other, kThere);
    auto broker = start_broker(scene, kElsewhere);
    scene.must({"send", "user1", "cmd/led", "on"});
    EXPECT_EQ(scene.ask({"revoke", "user1"})["connect_refused"], true);
    broker->interrupt();
    broker.reset();
    const auto lost = scene.ask({"send", "user1", "cmd/led", "on"});
    EXPECT_EQ(lost["code"], "E-BROKER-UNREACHABLE") << lost;
    EXPECT_THAT(std::string(lost["what"]), HasSubstr("127.0.0.5:")) << "the real one's address";
}

TEST_F(Dialling, EveryAddressIsTriedInOrder) {
    init({kNowhere, kElsewhere});
    const auto broker = start_broker(scene, kElsewhere);
    scene.must({"send", "user1", "cmd/led", "on"});
    Background watch(scene.argv({"watch"}));
    EXPECT_TRUE(watch.wait_for("Connected to 127.0.0.5")) << watch.output();
}

TEST_F(Dialling, ADeadFirstAddressCostsAMoment) {
    init({"127.0.0.6", kElsewhere});
    const test::BlackHole dead("127.0.0.6", scene.port());
    const auto broker = start_broker(scene, kElsewhere);
    scene.must({"send", "user1", "cmd/led", "on"});
    const auto revoked = scene.ask({"revoke", "user1"});
    EXPECT_EQ(revoked["connect_refused"], true) << revoked;
}

TEST_F(Dialling, AnAddressThatIsNamedIsTheOnlyOne) {
    init({kElsewhere});
    const auto broker = start_broker(scene, kThere);
    scene.must({"send", "user1", "cmd/led", "on"});
    const auto named = scene.ask({"send", "user1", "cmd/led", "on", "--host", kThere});
    EXPECT_EQ(named["code"], "E-BROKER-NAME") << named;
}

// The list is followed while they run, and a change of it is dialled at once.
TEST_F(Dialling, AChangeOfTheAddressesReachesWhatRuns) {
    init({kNowhere});
    const auto broker = start_broker(scene, kElsewhere);
    Background signer(scene.argv({"signer"}));
    ASSERT_TRUE(signer.wait_for("ready")) << signer.output();
    Background responder(scene.argv({"responder"}));
    Background watch(scene.argv({"watch"}));
    ASSERT_TRUE(responder.wait_for("Trying again", seconds(40))) << responder.output();
    ASSERT_TRUE(watch.wait_for("Trying again", seconds(40))) << watch.output();
    scene.must({"hosts", "add", "--first", kElsewhere});
    EXPECT_TRUE(responder.wait_for("connected to the broker")) << responder.output();
    EXPECT_TRUE(watch.wait_for("Connected to 127.0.0.5")) << watch.output();
}

}  // namespace
}  // namespace countersign::e2e
