// The whole path on bare metal: MicroPython on an ESP32-C3's instruction set in QEMU, the device package
// unchanged, real mpremote, the real broker. Skipped where there is no QEMU for it.
#include "tests/e2e/support/riscv_board.h"

#include <iostream>
#include <sstream>
#include <thread>

namespace countersign::e2e {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;

using States = std::vector<std::string>;

TEST_P(RiscvBoardTest, LivesThroughItsFirstRenewalAndAPowerCutWithinIt) {
    Background watch(scene_.argv({"watch"}));
    ASSERT_TRUE(watch.wait_for("Connected"));

    const auto loaded = scene_.ask({"load", "user1", "--port", scene_.file("port"), "--wifi-ssid", "home"});
    EXPECT_EQ(loaded["enrolled"], true) << "its keys are born on it: " << loaded;
    EXPECT_FALSE(fs::exists(scene_.device("user1")));
    EXPECT_TRUE(board_says("Sending ON"));
    EXPECT_TRUE(watch.wait_for("devices/user1/state")) << watch.output();

    scene_.must({"send", "user1", "cmd/led", "on"});
    EXPECT_TRUE(board_says("Received led"));

    // Answered, not proven: the worst moment.
    ASSERT_TRUE(reaches({"active"}));
    scene_.must({"renew", "user1", "--wait", "0"});
    ASSERT_TRUE(host_->wait_for("user1: renewed")) << host_->output();
    board_->cut_power();
    EXPECT_EQ(working_certificates(), (States{"active", "pending"}));

    board_->restore_power();
    EXPECT_TRUE(board_says("The new identity is in use"));
    EXPECT_TRUE(reaches({"retired", "active"})) << scene_.ask({"show", "user1"});

    // And it is the new one that it boots with.
    board_->cut_power();
    board_->restore_power();
    EXPECT_TRUE(board_says("slot b"));
    EXPECT_TRUE(board_says("Sending ON"));
}

// What the authority tells its devices: another address, then another root; and a renewal by both.
TEST_P(RiscvBoardTest, FollowsAddressesAndRoots) {
    load();
    ASSERT_TRUE(reaches({"active"}));
    scene_.must({"hosts", "remove", "localhost"});
    EXPECT_TRUE(board_says("The new identity is in use")) << host_->output();
    scene_.must({"rollover", "root", "start"});
    EXPECT_TRUE(board_says("The new identity is in use")) << host_->output();
    EXPECT_TRUE(follows_the_new_root());
    scene_.must({"rollover", "root", "finish"});
    scene_.must({"renew", "user1", "--wait", "0"});
    EXPECT_TRUE(board_says("The new identity is in use")) << host_->output();
    EXPECT_TRUE(reaches({"retired", "active"})) << scene_.ask({"show", "user1"});
    scene_.must({"send", "user1", "cmd/led", "on"});
    EXPECT_TRUE(board_says("Received led"));
}

// Small integers of 31 bits, as on a chip: the virtual board's have more.
TEST_P(RiscvBoardTest, RunsTheCompiledProgram) {
    load();
    ::setenv("COUNTERSIGN_MPREMOTE", (kLibexec / "mpremote").c_str(), 1);
    loader::MpremoteBoard cable(scene_.file("port"));
    std::vector<Secret> scripts;
    scripts.emplace_back("import countersign\nprint(countersign.__file__)\n");
    EXPECT_EQ(cable.run(scripts, kPatience, {}), "/lib/countersign/__init__.mpy\n");
}

// COUNTERSIGN_SOAK=10000 for the long run; the virtual board has one of its own
// (tests/device/test_native.py).
TEST_P(RiscvBoardTest, ReconnectsAgainAndAgainAndItsHeapsStayAsTheyWere) {
    load();
    const char* wanted = std::getenv("COUNTERSIGN_SOAK");
    const std::string times = wanted != nullptr ? wanted : "20";
    // The broker says a line for each connection: unread, they would fill the pipe, and it would wait.
    const std::jthread reader([this](const std::stop_token& stop) {
        while (!stop.stop_requested()) host_->gather(milliseconds(200));
    });
    const auto said = run("TIMES = " + times, "reconnect_soak.py", seconds(60 + std::stoi(times)));
    std::istringstream figures(said.substr(std::min(said.size(), said.find("SOAKED"))));
    std::string word;
    int count = 0, heap = 0, native_heap = 0, all = 0;
    ASSERT_TRUE(figures >> word >> count >> heap >> native_heap >> all) << said;
    EXPECT_LT(heap, 2'000) << said;
    EXPECT_LT(native_heap, 2'000) << said;
    // Some connections that have ended still wait in lwIP (TIME_WAIT), 16 of them at most.
    EXPECT_LT(all, 8'000) << said;
    std::cout << said.substr(said.find("SOAKED"));
}

class CountedRiscvBoardTest : public RiscvBoardTest {
  protected:
    [[nodiscard]] bool counted() const override { return true; }
};

// Two signatures are verified in a full handshake, of the certificate and of the key exchange; of a broker
// known from before, one.
TEST_P(CountedRiscvBoardTest, VerifiesTheCertificateOfAKnownBrokerOnce) {
    load();
    const auto said = run("", "known_broker.py", kPatience);
    std::istringstream figures(said.substr(std::min(said.size(), said.find("SPENT"))));
    std::string word;
    double first = 0, known = 0, anew = 0;
    ASSERT_TRUE(figures >> word >> first >> known >> anew) << said;
    EXPECT_LT(known, 0.8 * first) << said;
    EXPECT_GT(anew, 0.9 * first) << "other credentials, perhaps with other anchors: " << said;
}

INSTANTIATE_TEST_SUITE_P(Board, RiscvBoardTest, all_riscv_boards(), kind_of);
INSTANTIATE_TEST_SUITE_P(Board, CountedRiscvBoardTest,
                         ::testing::Values(RiscvBoard{"micropython-rv32-native", "esp32-c3"}), kind_of);

}  // namespace
}  // namespace countersign::e2e
