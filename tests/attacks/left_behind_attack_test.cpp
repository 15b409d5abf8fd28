// What a thief leaves in the broker for whoever gets his name next: real program, real Mosquitto, real
// clients.
#include <gtest/gtest.h>

#include "host/base/files.h"
#include "tests/e2e/support/program.h"

namespace countersign::e2e {
namespace {

namespace fs = std::filesystem;

using std::chrono::seconds;

class LeftBehindAttack : public testing::Test {
  protected:
    LeftBehindAttack() {
        scene.init();
        scene.must({"issue", "user1"});
        scene.must({"issue", "user2"});
    }

    // As user1, with whatever certificate is in this folder now.
    [[nodiscard]] std::vector<std::string> user1(const std::string& program,
                                                 std::vector<std::string> rest) const {
        return mosquitto_client(program, scene, scene.device("user1"), "user1", std::move(rest));
    }
    void leaves_things() const {
        for (const char* topic : {"devices/user1/cmd/door", "devices/user1/plans/a", "devices/user1/plans/b",
                                  "countersign/user1/state"}) {
            must_run(user1("mosquitto_pub", {"-q", "1", "-r", "-t", topic, "-m", "planted"}));
        }
        // Last, since mosquitto_pub ends the session of its client id: one that waits, with an order in it.
        must_run(user1("mosquitto_sub", {"-c", "-q", "1", "-t", "devices/user1/#", "-E"}));
        scene.must({"send", "user1", "cmd/door", "waiting"});
    }
    // All that the bearer of the name gets in two seconds, with a session that is to be taken up.
    [[nodiscard]] std::string finds() const {
        std::string said =
            run_command(user1("mosquitto_sub", {"-c", "-q", "1", "-v", "-W", "2", "-t", "devices/user1/#",
                                                "-t", "countersign/user1/#"}),
                        seconds(20))
                .output;
        if (said.ends_with("Timed out\n")) said.resize(said.size() - 10);  // what it says when -W ends it
        return said;
    }

    Scene scene;
};

TEST_F(LeftBehindAttack, RevokeClearsWhatIsRetainedAndTheSession) {
    const auto broker = start_broker(scene);
    leaves_things();
    EXPECT_NE(finds().find("plans/a planted"), std::string::npos) << "it is there, or this proves nothing";
    leaves_things();
    const auto answer = scene.ask({"revoke", "user1", "--reason", "keyCompromise"});
    EXPECT_EQ(answer["exit"], 0) << answer;
    EXPECT_EQ(answer["left_behind_cleared"], true) << answer;
    EXPECT_EQ(answer["retained_cleared"], 2) << answer;
    scene.must({"issue", "user1", "--replace"});
    EXPECT_EQ(finds(), "");
    const auto watched =
        run_command(mosquitto_client("mosquitto_sub", scene, scene.home() / "operator", "operator~operator/t",
                                     {"-v", "-W", "2", "-t", "devices/user1/#", "-t", "countersign/user1/#"}),
                    seconds(20));
    EXPECT_EQ(watched.output.find("planted"), std::string::npos) << watched.output;
}

// The broker was away when he was revoked; it comes back with all it has saved.
TEST_F(LeftBehindAttack, IssuingAgainClearsWhatRevokeCouldNotReach) {
    auto broker = start_broker(scene);
    leaves_things();
    (void)broker->interrupt();
    scene.must({"revoke", "user1"});
    broker = start_broker(scene);
    scene.must({"issue", "user1", "--replace"});
    EXPECT_EQ(finds(), "");
}

// Nothing could be cleared before the first connect: his session at least is taken up by nobody.
TEST_F(LeftBehindAttack, TheFirstConnectOfANewEnrolmentStartsClean) {
    auto broker = start_broker(scene);
    leaves_things();
    (void)broker->interrupt();
    scene.must({"revoke", "user1"});
    scene.must({"issue", "user1", "--replace"});
    broker = start_broker(scene);
    const std::string found = finds();
    EXPECT_EQ(found.find("waiting"), std::string::npos) << found;
    EXPECT_EQ(found.find("cmd/"), std::string::npos) << found;
    // Its own session is kept from then on.
    scene.must({"send", "user1", "cmd/led", "on"});
    EXPECT_NE(finds().find("devices/user1/cmd/led on"), std::string::npos);
}

// Nobody else is cleared, and an operator ends no session of somebody who is here.
TEST_F(LeftBehindAttack, RevokeTouchesNobodyElse) {
    const auto broker = start_broker(scene);
    const auto user2 = [&](const std::string& program, std::vector<std::string> rest) {
        return mosquitto_client(program, scene, scene.device("user2"), "user2", std::move(rest));
    };
    must_run(user2("mosquitto_pub", {"-q", "1", "-r", "-t", "devices/user2/state", "-m", "mine"}));
    must_run(user2("mosquitto_sub", {"-c", "-q", "1", "-t", "devices/user2/cmd/#", "-E"}));
    scene.must({"send", "user2", "cmd/led", "on"});
    scene.must({"revoke", "user1"});
    Background live(user2("mosquitto_sub", {"-c", "-d", "-q", "1", "-v", "-t", "devices/user2/#"}));
    EXPECT_TRUE(live.wait_for("devices/user2/cmd/led on")) << live.output();
    EXPECT_TRUE(live.wait_for("devices/user2/state mine")) << live.output();
    const auto posing = scene.file("posing");
    make_folder(posing, kPrivateFolder);
    for (const char* end : {".crt.pem", ".key.pem"})
        fs::copy(scene.home() / "operator" / (std::string("operator") + end),
                 posing / (std::string("user2") + end));
    fs::copy(scene.home() / "operator/ca.crt.pem", posing / "ca.crt.pem");
    const auto thief = run_command(
        mosquitto_client("mosquitto_sub", scene, posing, "user2", {"-d", "-W", "2", "-t", "devices/user2/#"}),
        seconds(20));
    EXPECT_NE(thief.output.find("CONNACK (5)"), std::string::npos) << thief.output;
    scene.must({"send", "user2", "cmd/led", "off"});
    EXPECT_TRUE(live.wait_for("devices/user2/cmd/led off")) << live.output();
}

}  // namespace
}  // namespace countersign::e2e
