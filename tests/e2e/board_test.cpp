// The whole path: real MicroPython on a virtual board, loaded by real mpremote, against the real broker.
#include <gtest/gtest.h>

#include "host/base/files.h"
#include "host/loader/virtual_board.h"
#include "tests/e2e/support/program.h"
#include "tests/e2e/support/relay.h"

namespace countersign::e2e {
namespace {

namespace fs = std::filesystem;
using loader::VirtualBoard;
using std::chrono::seconds;

constexpr seconds kPatience{30};

// An authority, its broker, and a board with user1 on it.
class BoardTest : public ::testing::Test {
  protected:
    void SetUp() override {
        scene_.init();
        scene_.must({"issue", "user1"});
        broker_ = start_broker(scene_);
        loader::VirtualBoardOptions options;
        options.flash = scene_.file("flash");
        options.port_link = scene_.file("port");
        options.micropython = COUNTERSIGN_SOURCE "/build/libexec/micropython";
        board_ = std::make_unique<VirtualBoard>(options);
    }

    std::string load(std::vector<std::string> more = {}) {
        std::vector<std::string> arguments{"load",        "user1", "--port", scene_.file("port"),
                                           "--wifi-ssid", "home"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return scene_.must(arguments);
    }

    [[nodiscard]] Json ask_to_load(std::vector<std::string> more = {}) const {
        std::vector<std::string> arguments{"load",        "user1", "--port", scene_.file("port"),
                                           "--wifi-ssid", "home"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return scene_.ask(arguments);
    }

    [[nodiscard]] testing::AssertionResult board_says(std::string_view text) {
        if (board_->wait_for(text, kPatience, mark_)) {
            mark_ = board_->console().find(text, mark_) + text.size();
            return testing::AssertionSuccess();
        }
        return testing::AssertionFailure() << "the board did not say \"" << text << "\" but:\n"
                                           << board_->console().substr(mark_);
    }

    Scene scene_;
    std::unique_ptr<Background> broker_;
    std::unique_ptr<VirtualBoard> board_;
    std::size_t mark_ = 0;
};

TEST_F(BoardTest, PublishesAfterOneCommandAndTakesCommands) {
    Background watch(scene_.argv({"watch"}));
    ASSERT_TRUE(watch.wait_for("Connected"));
    load();
    EXPECT_TRUE(watch.wait_for("devices/user1/status")) << watch.output();
    EXPECT_TRUE(watch.wait_for("online"));
    EXPECT_TRUE(watch.wait_for("devices/user1/state")) << watch.output();
    scene_.must({"send", "user1", "cmd/led", "on"});
    EXPECT_TRUE(board_says("Received led"));
}

// What programs are told, and what people are.
TEST_F(BoardTest, IsProvenOnceItHasConnected) {
    const auto answer = ask_to_load();
    EXPECT_EQ(answer["exit"], 0) << answer;
    EXPECT_EQ(answer["connected"], true);
    EXPECT_EQ(answer["broker"], "127.0.0.1:" + std::to_string(scene_.port()));
    EXPECT_EQ(answer["fault"], nullptr);
    EXPECT_EQ(answer["program"], "bytecode");
    const auto said = load();
    EXPECT_NE(said.find("  | Wi-Fi OK"), std::string::npos) << said;
    EXPECT_NE(said.find("it has connected to 127.0.0.1:"), std::string::npos) << said;
    EXPECT_NE(said.find("as user1: proven."), std::string::npos) << said;
}

TEST_F(BoardTest, WithoutABrokerItIsLoadedAndSaidNotToHaveConnected) {
    broker_->interrupt();
    const auto answer = ask_to_load();
    EXPECT_EQ(answer["exit"], 0) << answer;
    EXPECT_EQ(answer["connected"], false);
    EXPECT_EQ(answer["fault"], "E-BROKER-UNREACHABLE");
    const auto said = load();
    EXPECT_EQ(said.find("proven"), std::string::npos) << said;
    EXPECT_NE(said.find("it has not connected yet: nothing answers at 127.0.0.1:"), std::string::npos)
        << said;
    EXPECT_NE(said.find("countersign up"), std::string::npos) << said;
    broker_ = start_broker(scene_);
    EXPECT_TRUE(board_says("Sending ON"));
}

TEST_F(BoardTest, IsNotWaitedForWhenNotAskedTo) {
    const auto answer = ask_to_load({"--no-wait"});
    EXPECT_EQ(answer["exit"], 0) << answer;
    EXPECT_EQ(answer["connected"], false);
    EXPECT_EQ(answer["fault"], nullptr);
    EXPECT_TRUE(board_says("Sending ON"));
    EXPECT_NE(load({"--wait", "0"}).find("has not connected yet"), std::string::npos);
}

// The board is at fault, or where it has been sent: its own words, its code, its cure with the names in it.
TEST_F(BoardTest, FailsWithTheBoardsOwnFault) {
    broker_->interrupt();
    Scene impostor;
    impostor.must({"init", "127.0.0.1", "--no-passphrase", "--port", std::to_string(scene_.port())});
    const auto other = start_broker(impostor);
    const auto answer = ask_to_load();
    EXPECT_EQ(answer["exit"], 1) << answer;
    EXPECT_EQ(answer["code"], "E-BROKER-UNTRUSTED");
    EXPECT_EQ(answer["fault"], "E-BROKER-UNTRUSTED");
    EXPECT_EQ(answer["connected"], false);
    EXPECT_EQ(answer["slot"], "a") << "it is loaded";
    EXPECT_NE(std::string(answer["what"]).find("it has not connected yet. It says: The broker's certificate"),
              std::string::npos)
        << answer;
    EXPECT_NE(
        std::string(answer["cure"]).find("countersign load user1 --port " + scene_.file("port").string()),
        std::string::npos)
        << answer;
}

TEST_F(BoardTest, AWaitThatEndsSaysWhatTheBoardSaidLast) {
    write_file(scene_.file("flash") / ".board", R"({"wifi": "ap missing"})", kPublicFile);
    const auto answer = ask_to_load({"--wait", "4"});
    EXPECT_EQ(answer["exit"], 1) << answer;
    EXPECT_EQ(answer["code"], "E-BOARD-NOT-CONNECTED");
    EXPECT_NE(std::string(answer["what"]).find("Configuration OK (Wi-Fi home"), std::string::npos) << answer;
}

TEST_F(BoardTest, AProgramThatEndsIsNotWaitedFor) {
    write_file(scene_.file("flash") / "wifi.conf", "wifi_ssid=\"\"\n", kPublicFile);
    const auto answer = scene_.ask({"load", "user1", "--port", scene_.file("port")});
    EXPECT_EQ(answer["exit"], 1) << answer;
    EXPECT_EQ(answer["code"], "E-WIFI-CONF");
    EXPECT_EQ(answer["wifi_missing"], true);
}

TEST_F(BoardTest, IsWatchedUntilCtrlC) {
    Background watched(
        scene_.argv({"load", "user1", "--port", scene_.file("port"), "--wifi-ssid", "home", "--watch"}));
    EXPECT_TRUE(watched.wait_for("  | Connected to 127.0.0.1:", kPatience)) << watched.output();
    EXPECT_TRUE(watched.wait_for("  | Sending OFF", kPatience)) << watched.output();
    EXPECT_EQ(watched.interrupt(), 0);
    EXPECT_NE(watched.output().find("as user1: proven."), std::string::npos) << watched.output();
    EXPECT_TRUE(board_says("Sending ON")) << "the board goes on";
}

TEST_F(BoardTest, ASecondNameOnABoardIsAskedFor) {
    load();
    EXPECT_TRUE(board_says("Sending ON"));
    scene_.must({"issue", "user2"});
    const auto refused = scene_.ask({"load", "user2", "--port", scene_.file("port")});
    EXPECT_EQ(refused["code"], "E-BOARD-KNOWN") << refused;
    EXPECT_NE(std::string(refused["cure"]).find("countersign load user2 --rename"), std::string::npos);
    EXPECT_TRUE(board_says("as user1")) << "it runs again, as what it was";
    EXPECT_EQ(scene_.ask({"load", "user3", "--port", scene_.file("port")})["code"], "E-BOARD-KNOWN");
    EXPECT_EQ(scene_.ask({"load", "user2", "--port", scene_.file("port"), "--rename"})["connected"], true);
    EXPECT_EQ(scene_.ask({"load", "user2", "--port", scene_.file("port")})["connected"], true);
}

TEST_F(BoardTest, LeavesEverythingElseOnTheBoardAlone) {
    write_file(scene_.file("flash") / "main.py", "print('a program of my own')\n", kPublicFile);
    write_file(scene_.file("flash") / "data.txt", "mine", kPublicFile);
    write_file(scene_.file("flash") / "boot.py", "x = 1\n", kPublicFile);
    const auto said = load();
    EXPECT_NE(said.find("--replace-main"), std::string::npos) << said;
    EXPECT_NE(said.find("it has not connected: main.py on it is not ours"), std::string::npos) << said;
    EXPECT_EQ(read_text(scene_.file("flash") / "main.py"), "print('a program of my own')\n");
    EXPECT_EQ(read_text(scene_.file("flash") / "data.txt"), "mine");
    EXPECT_EQ(read_text(scene_.file("flash") / "boot.py"), "x = 1\n");
    load({"--replace-main"});
    EXPECT_TRUE(board_says("Sending ON"));
}

TEST_F(BoardTest, TakesItsSuccessorIntoTheOtherSlot) {
    EXPECT_NE(load().find("slot a"), std::string::npos);
    EXPECT_TRUE(board_says("Sending ON"));
    scene_.must({"issue", "user1", "--replace"});
    EXPECT_NE(load().find("slot b"), std::string::npos);
    EXPECT_TRUE(board_says("slot b"));
    EXPECT_TRUE(board_says("Sending ON"));
    EXPECT_TRUE(broker_->wait_for("user1 uses its newest certificate now")) << broker_->output();
    EXPECT_TRUE(broker_->wait_for("user1 uses its newest certificate now")) << "once for each";
}

TEST_F(BoardTest, ComesBackAfterThePowerWasCut) {
    load();
    EXPECT_TRUE(board_says("Sending ON"));
    board_->cut_power();
    board_->restore_power();
    EXPECT_TRUE(board_says("Sending ON"));
}

TEST_F(BoardTest, ComesBackWhenTheBrokerDoes) {
    load();
    EXPECT_TRUE(board_says("Sending ON"));
    broker_->interrupt();
    EXPECT_TRUE(board_says("E-"));
    broker_ = start_broker(scene_);
    EXPECT_TRUE(board_says("Sending ON"));
    EXPECT_TRUE(broker_->wait_for("admitted user1")) << broker_->output();
}

TEST_F(BoardTest, RefusesABrokerOfAnotherAuthority) {
    load();
    EXPECT_TRUE(board_says("Sending ON"));
    broker_->interrupt();
    Scene impostor;
    impostor.must({"init", "127.0.0.1", "--no-passphrase", "--port", std::to_string(scene_.port())});
    const auto broker = start_broker(impostor);
    EXPECT_TRUE(board_says("E-BROKER-UNTRUSTED"));
}

TEST_F(BoardTest, RefusesABrokerThatDoesNotCarryTheNameItDials) {
    // The address is in no certificate; the loopback range answers all the same.
    load();
    EXPECT_TRUE(board_says("Sending ON"));
    board_->cut_power();
    auto conf = read_text(scene_.file("flash") / "wifi.conf");
    const auto at = conf.find("127.0.0.1");
    ASSERT_NE(at, std::string::npos) << conf;
    conf.replace(at, 9, "127.0.0.7");
    write_file(scene_.file("flash") / "wifi.conf", conf, kPublicFile);
    broker_->interrupt();
    broker_ = std::make_unique<Background>(scene_.argv({"broker"}));
    ASSERT_TRUE(broker_->wait_for("listens on port"));
    board_->restore_power();
    EXPECT_TRUE(board_says("E-BROKER-NAME"));
}

TEST_F(BoardTest, SurvivesAWireThatIsCutAndRestored) {
    load();
    EXPECT_TRUE(board_says("Sending ON"));
    board_->cut_power();
    // The same port for the device, a relay in front of the broker.
    broker_->interrupt();
    const auto hidden = free_port();
    Scene& scene = scene_;
    auto settings = read_text(scene.home() / "settings.json");
    const auto at = settings.find(std::to_string(scene.port()));
    ASSERT_NE(at, std::string::npos);
    settings.replace(at, std::to_string(scene.port()).size(), std::to_string(hidden));
    write_file(scene.home() / "settings.json", settings, kPublicFile);
    broker_ = start_broker(scene);
    Relay wire(scene.port(), hidden);
    Background watch(scene.argv({"watch"}));
    ASSERT_TRUE(watch.wait_for("Connected"));
    board_->restore_power();
    EXPECT_TRUE(watch.wait_for("devices/user1/state")) << watch.output();
    wire.cut();
    EXPECT_TRUE(board_says("E-")) << "its keepalive runs out";
    wire.restore();
    EXPECT_TRUE(board_says("Sending ON"));
    EXPECT_TRUE(watch.wait_for("devices/user1/state")) << watch.output();
}

TEST_F(BoardTest, AnswersAtTheReplAsItAlwaysDid) {
    load();
    EXPECT_TRUE(board_says("Sending ON"));
    board_->type("\x03");
    EXPECT_TRUE(board_says(">>> "));
    board_->type("import main\r");
    for (const char* step : {"Wi-Fi OK", "Clock OK", "Identity OK", "Certificate OK"})
        EXPECT_TRUE(board_says(step));
    EXPECT_TRUE(board_says(">>> "));
    board_->type("main.start_client()\r");
    EXPECT_TRUE(board_says("Sending ON"));
    EXPECT_TRUE(board_says("Sending OFF"));
}

TEST_F(BoardTest, LoadsInWordsWhatCannotBeLoaded) {
    EXPECT_EQ(scene_.ask({"load", "user1", "--port", scene_.file("no-port")})["code"], "E-PORT-MISSING");
    EXPECT_EQ(scene_.ask({"load", "a/b", "--port", scene_.file("port")})["code"], "E-NAME-INVALID");
    scene_.must({"issue", "modern", "--key", "ed25519", "--role", "operator"});
    must_run({"openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
              "-keyout", scene_.file("k.pem"), "-subj", "/CN=elsewhere", "-out", scene_.file("r.pem")});
    scene_.must({"issue", "elsewhere", "--csr", scene_.file("r.pem")});
    EXPECT_EQ(scene_.ask({"load", "elsewhere", "--port", scene_.file("port")})["code"], "E-NAME-TAKEN");
    EXPECT_EQ(scene_.ask({"load", "elsewhere", "--port", scene_.file("port"), "--host-key"})["code"],
              "E-KEY-ELSEWHERE");
    EXPECT_EQ(scene_.ask({"load", "user1", "--port", scene_.file("port"), "--server", "10.9.8.7"})["code"],
              "E-BROKER-NAME");
}

TEST_F(BoardTest, ASecondLoadCompletesWhatAPulledCableLeft) {
    // Cut at moments spread over the load; whatever was reached, the next one completes it.
    for (const int milliseconds : {150, 400, 700, 1000, 1400, 1900}) {
        Background first(
            scene_.argv({"load", "user1", "--port", scene_.file("port"), "--wifi-ssid", "home"}));
        first.gather(std::chrono::milliseconds(milliseconds));
        board_->pull_cable();
        (void)first.wait_for("Cure:", std::chrono::seconds(20));
        first.process().stop();
        board_->plug_cable();
        mark_ = board_->console().size();
        load();
        EXPECT_TRUE(board_says("Sending ON")) << milliseconds;
    }
}

// Nothing is stopped on the board for what can be seen without it; and a board that was, runs again.
TEST_F(BoardTest, WhatCanBeCheckedWithoutTheBoardIs) {
    load();
    EXPECT_TRUE(board_says("Sending ON"));
    const auto mark = board_->printed();
    const auto port = scene_.file("port").string();
    EXPECT_EQ(scene_.ask({"load", "a/b", "--port", port})["code"], "E-NAME-INVALID");
    EXPECT_EQ(scene_.ask({"load", "user1", "--port", port, "--wifi-ssid", std::string(33, 'x')})["code"],
              "E-WIFI-CONF");
    EXPECT_EQ(scene_.ask({"load", "user1", "--port", port, "--server", "10.9.8.7"})["code"], "E-BROKER-NAME");
    EXPECT_EQ(scene_.ask({"load", "user1", "--port", port, "--wifi-password-file", "/nowhere"})["code"],
              "E-FILE-READ");
    EXPECT_EQ(Scene().ask({"load", "user1", "--port", port})["code"], "E-HOME-MISSING");
    Scene locked;
    write_file(locked.file("passphrase"), "right", kPrivateFile);
    write_file(locked.file("wrong"), "wrong", kPrivateFile);
    locked.must({"--passphrase-file", locked.file("passphrase"), "init", "127.0.0.1"});
    EXPECT_EQ(locked.ask({"--passphrase-file", locked.file("wrong"), "load", "new", "--port", port})["code"],
              "E-PASSPHRASE-WRONG");
    EXPECT_EQ(locked.ask({"load", "new", "--port", port})["code"], "E-PASSPHRASE-NEEDED");
    EXPECT_EQ(board_->console().find("rst:0x", mark), std::string::npos) << "it was left running";
    EXPECT_TRUE(board_says("Sending"));
}

TEST(Demo, SeesEveryStepHappen) {
    const auto result = run_command({COUNTERSIGN_PROGRAM, "demo"}, seconds(60));
    EXPECT_EQ(result.exit_code, 0) << result.output;
    EXPECT_NE(result.output.find("steps were seen to happen"), std::string::npos);
}

}  // namespace
}  // namespace countersign::e2e
