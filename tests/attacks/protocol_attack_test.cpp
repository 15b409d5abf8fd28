// Attacks on the lifecycle protocol by somebody who has a copy of a device's flash, and by a wrong clock, on
// the real parts: Mosquitto with the plugin, `countersign signer` and `countersign responder` as processes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <thread>

#include "host/base/files.h"
#include "host/lifecycle/open_home.h"
#include "host/lifecycle/plausible_clock.h"
#include "tests/e2e/support/renewing_device.h"

namespace countersign::e2e {
namespace {

using testing::HasSubstr;
using Identity = RenewingDevice::Identity;

class Authority : public testing::Test {
  protected:
    Authority() {
        scene.init();
        scene.must({"issue", "user1"});
        stolen = RenewingDevice::issued(scene, "user1");
        broker = start_broker(scene);
        signer = std::make_unique<Background>(scene.argv({"signer"}));
        EXPECT_TRUE(signer->wait_for("ready")) << signer->output();
        responder = std::make_unique<Background>(scene.argv({"responder"}));
        EXPECT_TRUE(responder->wait_for("connected")) << responder->output();
    }

    Scene scene;
    std::unique_ptr<Background> broker, signer, responder;
    Identity stolen;
};

class ForkAttack : public Authority {
  protected:
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
};

class FloodAttack : public Authority {
  protected:
    // As user1, on its own topic.
    void flood(int messages) const {
        const auto lines = scene.file("flood");
        std::string text;
        for (int i = 0; i < messages; ++i) text += "x\n";
        write_file(lines, text, kPrivateFile);
        const auto publish = mosquitto_client("mosquitto_pub", scene, scene.device("user1"), "user1",
                                              {"-q", "1", "-l", "-t", "countersign/user1/request"});
        std::vector<std::string> argv{"sh", "-c", "exec \"$@\" <\"$0\"", lines.string()};
        argv.insert(argv.end(), publish.begin(), publish.end());
        must_run(argv);
    }
};

class ClockAttack : public Authority {
  protected:
    struct At final : Clock {
        explicit At(std::chrono::seconds ago) : time(SystemClock().now() - ago) {}
        [[nodiscard]] Seconds now() const override { return time; }
        Seconds time;
    };
    // From here on the programs' clock is that far ahead of the last time that was noted.
    void put_ahead(std::chrono::seconds by) const {
        const At then(by);
        lifecycle::OpenHome open(lifecycle::Home(scene.home()), then);
        lifecycle::accept_clock(open.registry());
    }
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

// While the responder cannot read, somebody fills the broker's queue for it: what comes then is dropped, and
// is nowhere but in the retained message.
TEST_F(FloodAttack, ARequestThatTheBrokersQueueHadNoRoomForIsFoundAgain) {
    scene.must({"issue", "user2"});
    RenewingDevice device(scene, "user2", RenewingDevice::issued(scene, "user2"));
    ASSERT_TRUE(device.connect());
    ASSERT_EQ(::kill(responder->process().pid(), SIGSTOP), 0);
    flood(12'000);  // max_queued_messages is 10,000
    device.ask();
    std::this_thread::sleep_for(std::chrono::seconds(2));  // longer than the responder lets pass unnoticed
    ASSERT_EQ(::kill(responder->process().pid(), SIGCONT), 0);
    EXPECT_TRUE(device.answer()) << device.error() << responder->output().substr(0, 2000);
    EXPECT_TRUE(responder->wait_for("asks for what is retained once more"));
}

// One renewal under a clock of 1,200 days later would have been proof of that time to the board, for ever.
TEST_F(ClockAttack, TheHostsClockIsYearsAhead) {
    put_ahead(std::chrono::days(1200));
    RenewingDevice device(scene, "user1", stolen);
    ASSERT_TRUE(device.connect());
    device.ask();
    EXPECT_TRUE(responder->wait_for("E-CLOCK-DOUBTFUL")) << responder->output();
    EXPECT_EQ(scene.ask({"show", "user1"})["certificates"].size(), 1U) << "nothing was signed";
    const auto issued = scene.run({"issue", "user2"});
    EXPECT_EQ(issued.exit_code, 1);
    EXPECT_THAT(issued.output, HasSubstr("E-CLOCK-DOUBTFUL"));
    EXPECT_THAT(scene.run({"doctor"}).output, HasSubstr("E-CLOCK-DOUBTFUL"));
    EXPECT_EQ(scene.run({"clock"}).exit_code, 1);

    scene.must({"clock", "--accept"});  // the clock is right after all
    EXPECT_TRUE(device.answer()) << device.error() << responder->output();
    scene.must({"issue", "user2"});
}

TEST_F(ClockAttack, TheHostsClockIsBehindWhatItHasIssued) {
    put_ahead(-std::chrono::days(2));
    EXPECT_THAT(scene.run({"issue", "user2"}).output, HasSubstr("E-CLOCK-DOUBTFUL"));
    EXPECT_THAT(scene.run({"renew", "broker"}).output, HasSubstr("E-CLOCK-DOUBTFUL"));
    scene.must({"clock", "--accept"});
    scene.must({"issue", "user2"});
    EXPECT_THAT(scene.run({"doctor"}).output, HasSubstr("1 events are later than now"));
}

}  // namespace
}  // namespace countersign::e2e
