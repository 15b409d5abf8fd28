// A copy of an identity at the broker's door: it is seen, written down, and doctor says so.
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/e2e/support/program.h"

namespace countersign::e2e {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

class CloneAttack : public testing::Test {
  protected:
    CloneAttack() {
        scene.init();
        scene.must({"issue", "user1"});
        broker = start_broker(scene);
    }
    // What mosquitto_pub says, with the identity in this folder.
    [[nodiscard]] std::string connect(const fs::path& folder) const {
        return run_command(mosquitto_client("mosquitto_pub", scene, folder, "user1",
                                            {"-d", "-q", "1", "-t", "devices/user1/x", "-m", "1"}),
                           seconds(20))
            .output;
    }
    [[nodiscard]] bool event(const std::string& kind) const {
        return scene.ask({"show", "user1"}).dump().find('"' + kind + '"') != std::string::npos;
    }
    [[nodiscard]] std::string doctor() const { return scene.run({"doctor"}).output; }

    Scene scene;
    std::unique_ptr<Background> broker;
};

TEST_F(CloneAttack, ACopyComesWithACertificateThatWasReplaced) {
    (void)connect(scene.device("user1"));
    const fs::path copy = scene.file("copy");
    fs::copy(scene.device("user1"), copy, fs::copy_options::recursive);
    EXPECT_EQ(doctor().find("E-IDENTITY-TWICE"), std::string::npos);
    scene.must({"issue", "user1", "--replace"});
    (void)connect(scene.device("user1"));
    ASSERT_TRUE(broker->wait_for("user1 uses its newest certificate now"));
    EXPECT_NE(connect(copy).find("CONNACK (5)"), std::string::npos);
    ASSERT_TRUE(broker->wait_for("E-IDENTITY-TWICE user1")) << broker->output();
    EXPECT_TRUE(event("retired-came")) << scene.ask({"show", "user1"});
    EXPECT_NE(doctor().find("E-IDENTITY-TWICE"), std::string::npos) << doctor();
}

TEST_F(CloneAttack, TwoDevicesPutEachOtherOut) {
    std::vector<std::unique_ptr<Background>> both;
    for (int i = 0; i < 12; ++i) {
        both.push_back(std::make_unique<Background>(mosquitto_client(
            "mosquitto_sub", scene, scene.device("user1"), "user1", {"-d", "-t", "devices/user1/cmd/#"})));
        if (i < 10) {
            ASSERT_TRUE(both.back()->wait_for("CONNACK (0)")) << both.back()->output();
        }
    }
    ASSERT_TRUE(broker->wait_for("E-IDENTITY-TWICE user1")) << broker->output();
    EXPECT_TRUE(event("taken-over"));
    EXPECT_NE(doctor().find("E-IDENTITY-TWICE"), std::string::npos);
}

// Not a copy, but told the same way: a device that asks for more than it may.
TEST_F(CloneAttack, ADeviceOverItsLimitsIsTold) {
    const std::string far = "devices/user1/" + std::string(600, 'x');
    must_run(mosquitto_client("mosquitto_pub", scene, scene.device("user1"), "user1",
                              {"-q", "1", "-t", far, "-m", "1"}));
    ASSERT_TRUE(broker->wait_for("E-OVER-LIMIT user1")) << broker->output();
    EXPECT_TRUE(event("over-limit"));
    EXPECT_NE(doctor().find("E-OVER-LIMIT"), std::string::npos);
}

}  // namespace
}  // namespace countersign::e2e
