// The whole path on bare metal: MicroPython on an ESP32-C3's instruction set in QEMU, the device package
// unchanged, real mpremote, the real broker. Skipped where there is no QEMU for it.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <sstream>
#include <thread>

#include "host/base/files.h"
#include "host/base/subprocess.h"
#include "host/loader/mpremote_board.h"
#include "host/loader/virtual_board.h"
#include "tests/e2e/support/program.h"

namespace countersign::e2e {
namespace {

namespace fs = std::filesystem;
using loader::VirtualBoard;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kPatience{60};
const fs::path kLibexec = COUNTERSIGN_SOURCE "/build/libexec";

// With the kind of firmware as its parameter.
class RiscvBoardTest : public ::testing::TestWithParam<const char*> {
  protected:
    void SetUp() override {
        if (find_program("qemu-system-riscv32").empty())
            GTEST_SKIP() << "qemu-system-riscv32 is not installed";
        if (!fs::exists(kLibexec / GetParam())) GTEST_SKIP() << GetParam() << ": device/board/rv32/build.sh";
        scene_.init();
        host_ = std::make_unique<Background>(scene_.argv({"up", "--address", "127.0.0.1"}));
        ASSERT_TRUE(host_->wait_for("answering devices")) << host_->output();
        loader::VirtualBoardOptions options;
        options.flash = scene_.file("flash");
        options.port_link = scene_.file("port");
        options.micropython = kLibexec / GetParam();
        options.riscv = true;
        options.counted = counted();
        board_ = std::make_unique<VirtualBoard>(options);
    }

    [[nodiscard]] testing::AssertionResult board_says(std::string_view text) {
        if (board_->wait_for(text, kPatience, mark_)) {
            mark_ = board_->console().find(text, mark_) + text.size();
            return testing::AssertionSuccess();
        }
        return testing::AssertionFailure() << "the board did not say \"" << text << "\" but:\n"
                                           << board_->console().substr(mark_);
    }

    // Whether its clock is the number of its instructions, whatever else this computer does.
    [[nodiscard]] virtual bool counted() const { return false; }

    void load(std::vector<std::string> how = {}) {
        std::vector<std::string> command{"load", "user1", "--port", scene_.file("port"), "--wifi-ssid", "home"};
        command.insert(command.end(), how.begin(), how.end());
        scene_.must(command);
        ASSERT_TRUE(board_says("Sending ON"));
    }

    // What a script of this folder prints on the board.
    [[nodiscard]] std::string run(const std::string& preamble, const std::string& script, seconds patience) {
        ::setenv("COUNTERSIGN_MPREMOTE", (kLibexec / "mpremote").c_str(), 1);
        loader::MpremoteBoard cable(scene_.file("port"));
        std::vector<Secret> scripts;
        scripts.emplace_back(preamble + "\n" + read_text(COUNTERSIGN_SOURCE "/tests/e2e/" + script));
        return cable.run(scripts, patience, {});
    }

    [[nodiscard]] std::vector<std::string> working_certificates() const {
        std::vector<std::string> states;
        const auto answer = scene_.ask({"show", "user1"});
        for (const auto& row : answer["certificates"])
            if (row["role"] == "device") states.push_back(row["state"]);
        return states;
    }
    [[nodiscard]] bool reaches(const std::vector<std::string>& wanted) const {
        for (int tries = 0; tries < 300; ++tries, ::usleep(100'000))
            if (working_certificates() == wanted) return true;
        return false;
    }

    Scene scene_;
    std::unique_ptr<Background> host_;
    std::unique_ptr<VirtualBoard> board_;
    std::size_t mark_ = 0;
};

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
    int count = 0, heap = 0, native_heap = 0;
    ASSERT_TRUE(figures >> word >> count >> heap >> native_heap) << said;
    EXPECT_LT(heap, 2'000) << said;
    EXPECT_LT(native_heap, 2'000) << said;
    std::cout << said.substr(said.find("SOAKED"));
}

class CountedRiscvBoardTest : public RiscvBoardTest {
  protected:
    [[nodiscard]] bool counted() const override { return true; }
};

// Two signatures are verified in a full handshake, of the certificate and of the key exchange; of a broker
// known from before, one.
TEST_P(CountedRiscvBoardTest, VerifiesTheCertificateOfAKnownBrokerOnce) {
    load({"--source"});  // its modules by their own names
    const auto said = run("", "known_broker.py", kPatience);
    std::istringstream figures(said.substr(std::min(said.size(), said.find("SPENT"))));
    std::string word;
    double first = 0, known = 0, anew = 0;
    ASSERT_TRUE(figures >> word >> first >> known >> anew) << said;
    EXPECT_LT(known, 0.8 * first) << said;
    EXPECT_GT(anew, 0.9 * first) << "other credentials, perhaps with other anchors: " << said;
}

std::string kind_of(const ::testing::TestParamInfo<const char*>& firmware) {
    return std::string(firmware.param).ends_with("native") ? "native" : "python";
}

INSTANTIATE_TEST_SUITE_P(Firmware, RiscvBoardTest,
                         ::testing::Values("micropython-rv32", "micropython-rv32-native"), kind_of);
INSTANTIATE_TEST_SUITE_P(Firmware, CountedRiscvBoardTest, ::testing::Values("micropython-rv32-native"),
                         kind_of);

}  // namespace
}  // namespace countersign::e2e
