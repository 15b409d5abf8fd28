// Renewal on real parts: Mosquitto with the plugin, `countersign signer` and `countersign responder` as
// processes, certificates that live for seconds.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/base/files.h"
#include "tests/e2e/support/renewing_device.h"

namespace countersign::e2e {
namespace {

using testing::HasSubstr;
using Identity = RenewingDevice::Identity;

class Renewal : public testing::Test {
  protected:
    Renewal() {
        scene.init();
        scene.must({"issue", "user1"});
    }
    // The policy, as somebody would write it into settings.json.
    void set(const Json& policy) const {
        const auto file = scene.home() / "settings.json";
        Json settings = Json::parse(read_text(file));
        settings.update(policy);
        write_file(file, settings.dump(), kPublicFile);
    }
    void start() {
        broker = start_broker(scene);
        signer = std::make_unique<Background>(scene.argv({"signer"}));
        ASSERT_TRUE(signer->wait_for("ready")) << signer->output();
        start_responder();
    }
    void start_responder() {
        responder = std::make_unique<Background>(scene.argv({"responder"}));
        ASSERT_TRUE(responder->wait_for("connected")) << responder->output();
    }
    // Role device, by state: "active 1 retired 3".
    [[nodiscard]] std::map<std::string, int> standing() const {
        std::map<std::string, int> count;
        const Json shown = scene.ask({"show", "user1"});
        for (const auto& row : shown["certificates"]) {
            if (row["role"] == "device") ++count[row["state"].get<std::string>()];
        }
        return count;
    }
    // Waits until the first use of what `issue` made was seen.
    void use(RenewingDevice& device) {
        ASSERT_TRUE(device.connect());
        ASSERT_TRUE(broker->wait_for("uses its newest certificate"));
    }

    Scene scene;
    std::unique_ptr<Background> broker, signer, responder;
};

TEST_F(Renewal, ManyTimesAndOneWorkingCertificateIsLeft) {
    set({{"lifetime_seconds", 60}, {"renewals_per_day", 1000}});
    start();
    const Identity first = RenewingDevice::issued(scene, "user1");
    RenewingDevice device(scene, "user1", first);
    use(device);
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(device.renew()) << i << responder->output();
    EXPECT_EQ(standing(), (std::map<std::string, int>{{"active", 1}, {"retired", 10}}));
    const auto row = scene.ask({"show", "user1"})["certificates"].back();
    EXPECT_EQ(row["fingerprint"], pki::to_hex(device.identity().certificate.info.fingerprint));
    EXPECT_EQ(row["origin"], "renewal");
    device.disconnect();
    EXPECT_FALSE(RenewingDevice(scene, "user1", first).connect()) << "the first one is retired";
    EXPECT_TRUE(device.connect());
    EXPECT_TRUE(signer->wait_for("signed: device user1"));
}

TEST_F(Renewal, TryingTheNewCertificateRetiresNothing) {
    start();
    const Identity first = RenewingDevice::issued(scene, "user1");
    RenewingDevice device(scene, "user1", first);
    use(device);
    device.ask();
    const auto candidate = device.answer();
    ASSERT_TRUE(candidate) << device.error();
    ASSERT_TRUE(device.prove(*candidate));
    device.disconnect();
    // The power is cut before the pointer flips: it comes back as it was.
    RenewingDevice back(scene, "user1", first);
    EXPECT_TRUE(back.connect());
    EXPECT_EQ(standing(), (std::map<std::string, int>{{"active", 1}, {"pending", 1}}));
    back.disconnect();
    ASSERT_TRUE(device.connect());
    ASSERT_TRUE(device.report());
    EXPECT_EQ(standing(), (std::map<std::string, int>{{"active", 1}, {"retired", 1}}));
}

TEST_F(Renewal, WhatWasAskedWhileNobodyAnsweredIsAnswered) {
    start();
    EXPECT_EQ(responder->interrupt(), 0);
    RenewingDevice device(scene, "user1", RenewingDevice::issued(scene, "user1"));
    use(device);
    device.ask();
    start_responder();
    const auto candidate = device.answer();
    ASSERT_TRUE(candidate) << device.error();
    EXPECT_TRUE(device.prove(*candidate));
    EXPECT_TRUE(device.report());
}

// More than the responder takes at once: everybody is answered, and each certificate is in the registry and
// lets its device in before the answer is out.
TEST_F(Renewal, ManyWhoAskedWhileNobodyAnsweredAreAllAnswered) {
    constexpr std::size_t kDevices = 70;
    std::string list = "name\n";
    for (std::size_t i = 0; i < kDevices; ++i) list += "many" + std::to_string(i) + "\n";
    write_file(scene.file("list.csv"), list, kPublicFile);
    scene.must({"issue", "--csv", scene.file("list.csv")});
    start();
    EXPECT_EQ(responder->interrupt(), 0);
    std::vector<std::unique_ptr<RenewingDevice>> devices;
    for (std::size_t i = 0; i < kDevices; ++i) {
        const std::string name = "many" + std::to_string(i);
        auto& device = *devices.emplace_back(
            std::make_unique<RenewingDevice>(scene, name, RenewingDevice::issued(scene, name)));
        ASSERT_TRUE(device.connect()) << name;
        device.ask();
        device.disconnect();
    }
    start_responder();
    for (auto& device : devices) {
        ASSERT_TRUE(device->connect());
        const auto candidate = device->answer();
        ASSERT_TRUE(candidate) << device->error();
        EXPECT_TRUE(device->prove(*candidate));
    }
    EXPECT_EQ(scene.ask({"doctor", "--files"})["complaints"], 0);
}

TEST_F(Renewal, WaitsForTheSigner) {
    start();
    EXPECT_EQ(signer->interrupt(), 0);
    RenewingDevice device(scene, "user1", RenewingDevice::issued(scene, "user1"));
    use(device);
    device.ask();
    EXPECT_TRUE(responder->wait_for("E-SIGNER-UNREACHABLE")) << responder->output();
    signer = std::make_unique<Background>(scene.argv({"signer"}));
    EXPECT_TRUE(device.answer()) << device.error();
}

TEST_F(Renewal, OnDemand) {
    start();
    RenewingDevice device(scene, "user1", RenewingDevice::issued(scene, "user1"));
    use(device);
    Background renew(scene.argv({"renew", "user1"}));
    ASSERT_TRUE(device.asked_to_renew()) << responder->output();
    ASSERT_TRUE(device.renew());
    EXPECT_TRUE(renew.wait_for("user1 has renewed: valid to")) << renew.output();

    device.disconnect();
    EXPECT_THAT(scene.must({"renew", "user1", "--wait", "1"}), HasSubstr("will renew when it comes"));
    EXPECT_THAT(scene.must({"show", "user1"}), HasSubstr("asked to renew now"));
    ASSERT_TRUE(device.connect());
    EXPECT_TRUE(device.asked_to_renew()) << "it was kept for it";
}

TEST_F(Renewal, WhatHasBecomeOfARequestIsSaid) {
    start();
    RenewingDevice device(scene, "user1", RenewingDevice::issued(scene, "user1"));
    use(device);
    auto answer = scene.ask({"renew", "user1", "--wait", "1"});
    EXPECT_EQ(answer["connected"], true) << answer;
    EXPECT_EQ(answer["issued"], false);
    EXPECT_FALSE(answer.contains("asked_before"));

    const auto again = scene.must({"renew", "user1", "--wait", "1"});
    EXPECT_THAT(again, HasSubstr("user1 was asked at 2"));
    EXPECT_THAT(again, HasSubstr("is connected and has been asked, but no answer of it has come yet"));
    EXPECT_THAT(again, testing::Not(HasSubstr("when it comes")));

    device.ask();
    const auto candidate = device.answer();
    ASSERT_TRUE(candidate) << device.error();
    answer = scene.ask({"renew", "user1", "--wait", "1"});
    EXPECT_EQ(answer["issued"], true) << answer;
    EXPECT_TRUE(answer.contains("asked_before"));
    ASSERT_TRUE(device.prove(*candidate));
    ASSERT_TRUE(device.report());

    // A renewal that was carried out is none that is under way: the next one is asked for at once.
    Background next(scene.argv({"renew", "user1"}));
    ASSERT_TRUE(next.wait_for("Asked user1 to renew")) << next.output();
    ASSERT_TRUE(device.asked_to_renew()) << responder->output();
    ASSERT_TRUE(device.renew());
    EXPECT_TRUE(next.wait_for("user1 has renewed")) << next.output();
    EXPECT_THAT(next.output(), testing::Not(HasSubstr("already")));

    device.disconnect();
    EXPECT_EQ(scene.ask({"renew", "user1", "--wait", "1"})["connected"], false);
    broker->interrupt();
    EXPECT_THAT(scene.must({"renew", "user1", "--wait", "0"}),
                HasSubstr("whether it is connected is not known"));
}

TEST_F(Renewal, ABirthCertificateWaitsForANod) {
    set({{"birth_renewal", "approve"}});
    start();
    RenewingDevice device(scene, "birth~user1", RenewingDevice::birth_of(scene, "user1"));
    ASSERT_TRUE(device.connect());
    EXPECT_THAT(scene.must({"renewals"}), HasSubstr("Nothing waits"));
    device.ask();
    EXPECT_FALSE(device.answer());
    EXPECT_EQ(device.error(), "E-RENEWAL-WAITS");
    EXPECT_THAT(scene.must({"renewals"}), HasSubstr("countersign approve user1"));

    EXPECT_THAT(scene.must({"approve", "user1"}), HasSubstr("Approved"));
    const auto candidate = device.answer();
    ASSERT_TRUE(candidate) << responder->output();
    ASSERT_TRUE(device.prove(*candidate));
    EXPECT_TRUE(device.report());
    EXPECT_EQ(scene.run({"approve", "user1"}).exit_code, 1) << "nothing waits any more";
}

TEST_F(Renewal, ABirthCertificateThatAsksWhileItsDeviceWorksIsSuspected) {
    set({{"birth_renewal", "approve"}});
    start();
    RenewingDevice working(scene, "user1", RenewingDevice::issued(scene, "user1"));
    use(working);
    RenewingDevice copy(scene, "birth~user1", RenewingDevice::birth_of(scene, "user1"));
    ASSERT_TRUE(copy.connect());
    copy.ask();
    EXPECT_FALSE(copy.answer());
    EXPECT_THAT(scene.must({"renewals"}), HasSubstr("!!! Its working certificate is good until"));
}

TEST_F(Renewal, ACloneIsSaidLoudly) {
    start();
    const Identity stolen = RenewingDevice::issued(scene, "user1");
    RenewingDevice genuine(scene, "user1", stolen);
    use(genuine);
    genuine.ask();
    const auto candidate = genuine.answer();
    ASSERT_TRUE(candidate);
    genuine.disconnect();
    RenewingDevice clone(scene, "user1", stolen);
    ASSERT_TRUE(clone.connect());
    clone.ask(1);
    EXPECT_FALSE(clone.answer());
    EXPECT_EQ(clone.error(), "E-IDENTITY-FORKED");
    EXPECT_TRUE(responder->wait_for("!!! user1: E-IDENTITY-FORKED"));
    EXPECT_THAT(scene.must({"list"}), HasSubstr("!!! E-IDENTITY-FORKED"));
    EXPECT_THAT(scene.must({"show", "user1"}), HasSubstr("!!! E-IDENTITY-FORKED"));
    EXPECT_TRUE(scene.ask({"show", "user1"}).contains("forked"));
}

TEST_F(Renewal, ExpiringAndOverdueAreListed) {
    set({{"lifetime_seconds", 600}});
    start();
    RenewingDevice device(scene, "user1", RenewingDevice::issued(scene, "user1"));
    use(device);
    EXPECT_EQ(scene.ask({"list", "--expiring", "30d"})["devices"].size(), 0U);
    ASSERT_TRUE(device.renew());
    EXPECT_EQ(scene.ask({"list", "--expiring", "1h"})["devices"][0]["name"], "user1");
    EXPECT_FALSE(scene.ask({"list"})["devices"][0]["overdue"].get<bool>());
    EXPECT_EQ(scene.run({"list", "--expiring", "soon"}).exit_code, 2);
}

}  // namespace
}  // namespace countersign::e2e
