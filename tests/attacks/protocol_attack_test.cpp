// Attacks on the lifecycle protocol by somebody who has a copy of a device's flash, on the real parts:
// Mosquitto with the plugin, `countersign signer` and `countersign responder` as processes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/base/files.h"
#include "tests/e2e/support/renewing_device.h"

namespace countersign::e2e {
namespace {

using testing::HasSubstr;
using Identity = RenewingDevice::Identity;

class ForkAttack : public testing::Test {
  protected:
    ForkAttack() {
        scene.init();
        scene.must({"issue", "user1"});
        broker = start_broker(scene);
        signer = std::make_unique<Background>(scene.argv({"signer"}));
        EXPECT_TRUE(signer->wait_for("ready")) << signer->output();
        responder = std::make_unique<Background>(scene.argv({"responder"}));
        EXPECT_TRUE(responder->wait_for("connected")) << responder->output();
    }
    // Asks and hangs up: client ids are names, so the two cannot be connected at once.
    void expect_refused(RenewingDevice& device, std::optional<std::uint32_t> number = {}) {
        ASSERT_TRUE(device.connect());
        device.ask(number);
        EXPECT_FALSE(device.answer());
        EXPECT_EQ(device.error(), "E-IDENTITY-FORKED");
        device.disconnect();
    }
    [[nodiscard]] std::string last_key() const {
        const Json shown = scene.ask({"renewals"});
        return shown["renewals"].back()["key"].get<std::string>();
    }

    Scene scene;
    std::unique_ptr<Background> broker, signer, responder;
    Identity stolen = RenewingDevice::issued(scene, "user1");
};

// The numbers of the genuine board would have been "old" for ever.
TEST_F(ForkAttack, AThiefCountsOnFromAThousand) {
    RenewingDevice thief(scene, "user1", stolen);
    ASSERT_TRUE(thief.connect());
    thief.ask(1000);
    ASSERT_TRUE(thief.answer()) << "so far it could be the board";
    thief.disconnect();

    RenewingDevice genuine(scene, "user1", stolen);
    expect_refused(genuine);
    const auto key = last_key();
    EXPECT_TRUE(responder->wait_for("!!! user1: E-IDENTITY-FORKED")) << responder->output();
    EXPECT_THAT(scene.run({"doctor"}).output, HasSubstr("E-IDENTITY-FORKED"));
    expect_refused(thief, 1001);  // held: neither of them is renewed

    EXPECT_EQ(scene.run({"approve", "user1"}).exit_code, 1) << "not whoever asked last";
    EXPECT_THAT(scene.must({"renewals"}), HasSubstr("countersign approve user1 " + key.substr(0, 16)));
    EXPECT_THAT(scene.must({"approve", "user1", key.substr(0, 16)}), HasSubstr("Approved"));
    ASSERT_TRUE(genuine.connect());
    const auto candidate = genuine.answer();
    ASSERT_TRUE(candidate) << genuine.error() << responder->output();
    ASSERT_TRUE(genuine.prove(*candidate));
    EXPECT_TRUE(genuine.report());
    genuine.disconnect();
    EXPECT_FALSE(RenewingDevice(scene, "user1", stolen).connect()) << "the thief's certificate is retired";
    EXPECT_TRUE(genuine.connect());
}

TEST_F(ForkAttack, AThiefAsksWithTheBirthKey) {
    const auto settings = scene.home() / "settings.json";
    Json policy = Json::parse(read_text(settings));
    policy["birth_renewal"] = "approve";
    write_file(settings, policy.dump(), kPublicFile);
    const Identity birth = RenewingDevice::birth_of(scene, "user1");
    RenewingDevice genuine(scene, "birth~user1", birth);
    ASSERT_TRUE(genuine.connect());
    genuine.ask();
    EXPECT_FALSE(genuine.answer());
    EXPECT_EQ(genuine.error(), "E-RENEWAL-WAITS");
    genuine.disconnect();
    const auto key = last_key();

    RenewingDevice thief(scene, "birth~user1", birth);
    expect_refused(thief, 1000);
    EXPECT_EQ(scene.run({"approve", "user1"}).exit_code, 1);
    EXPECT_EQ(scene.ask({"renewals"})["renewals"].size(), 2U) << "a person sees both";
    scene.must({"approve", "user1", key});
    ASSERT_TRUE(genuine.connect());
    const auto candidate = genuine.answer();
    ASSERT_TRUE(candidate) << genuine.error() << responder->output();
    ASSERT_TRUE(genuine.prove(*candidate));
    EXPECT_TRUE(genuine.report());
    genuine.disconnect();

    // Later it tries its luck in turns with the board.
    expect_refused(thief, 1001);
}

}  // namespace
}  // namespace countersign::e2e
