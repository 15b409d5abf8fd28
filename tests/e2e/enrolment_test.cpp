// `load` of a board that makes its keys itself: real MicroPython, real mpremote, the real broker.
#include <gtest/gtest.h>

#include "host/base/files.h"
#include "tests/e2e/support/board.h"

namespace countersign::e2e {
namespace {

namespace fs = std::filesystem;

class EnrolmentTest : public ::testing::Test {
  protected:
    void SetUp() override {
        scene_.init();
        broker_ = start_broker(scene_);
    }
    [[nodiscard]] std::vector<std::string> states(const std::string& name) const {
        std::vector<std::string> all;
        const auto answer = scene_.ask({"show", name});
        for (const auto& row : answer["certificates"])
            all.push_back(std::string(row["role"]) + " " + std::string(row["state"]));
        return all;
    }
    // States change when the broker has seen a certificate in use.
    void expect_states(const std::string& name, const std::vector<std::string>& wanted) const {
        for (int tries = 0; tries < 200 && states(name) != wanted; ++tries) ::usleep(50'000);
        EXPECT_EQ(states(name), wanted);
    }

    Scene scene_;
    std::unique_ptr<Background> broker_;
};

using States = std::vector<std::string>;

TEST_F(EnrolmentTest, OneCommandAndTheHostNeverHoldsAKey) {
    Board board(scene_, "board");
    const auto answer = scene_.ask(board.load("user1"));
    EXPECT_EQ(answer["enrolled"], true) << answer;
    EXPECT_TRUE(board.says("Sending ON"));
    EXPECT_FALSE(fs::exists(scene_.device("user1")));
    expect_states("user1", {"birth active", "device active"});
    const std::string chip = scene_.ask({"show", "user1"})["chip_id"];
    EXPECT_EQ(chip.substr(0, 6), "240ac4");
    // The certificates are what openssl says they should be, and the keys on the board are theirs.
    for (const auto* slot : {"a", "birth"}) {
        const fs::path folder = board.flash / "slots" / slot;
        must_run(
            {"openssl", "x509", "-inform", "DER", "-in", folder / "cert.der", "-out", scene_.file("c.pem")});
        must_run({"openssl", "verify", "-x509_strict", "-purpose", "sslclient", "-CAfile",
                  scene_.home() / "authority/root.crt.pem", "-untrusted",
                  scene_.home() / "authority/issuing.crt.pem", scene_.file("c.pem")});
        EXPECT_EQ(must_run({"openssl", "pkey", "-inform", "DER", "-in", folder / "key.der", "-pubout"}),
                  must_run({"openssl", "x509", "-in", scene_.file("c.pem"), "-noout", "-pubkey"}));
    }
    const auto birth = must_run({"openssl", "x509", "-inform", "DER", "-in",
                                 board.flash / "slots/birth/cert.der", "-noout", "-enddate"});
    EXPECT_NE(birth.find("9999"), std::string::npos) << birth;
}

TEST_F(EnrolmentTest, LoadingTheSameBoardAgainOnlyBringsTheProgramUpToDate) {
    Board board(scene_, "board");
    scene_.must(board.load("user1"));
    EXPECT_TRUE(board.says("Sending ON"));
    expect_states("user1", {"birth active", "device active"});
    const auto key = read_file(board.flash / "slots/a/key.der");
    write_file(board.flash / "lib/countersign/stock.mpy", "# older\n", kPublicFile);
    const auto answer = scene_.ask(board.load("user1"));
    EXPECT_EQ(answer["enrolled"], false) << answer;
    EXPECT_EQ(answer["written"], Json::array({"lib/countersign/stock.mpy"}));
    EXPECT_EQ(read_file(board.flash / "slots/a/key.der"), key);
    EXPECT_TRUE(board.says("Sending ON"));
    EXPECT_EQ(states("user1"), (States{"birth active", "device active"}));
}

// MicroPython before 1.24 looks for an address among the DNS names of a certificate only.
TEST_F(EnrolmentTest, ABoardThatWouldNotFindTheAddressIsToldSoFirst) {
    Board board(scene_, "board");
    write_file(board.flash / "boot.py",
               "import sys\n"
               "real = sys\n"
               "class Implementation(tuple):\n    _machine = 'old'\n    _mpy = real.implementation._mpy\n"
               "class Old:\n"
               "    implementation = Implementation(('micropython', (1, 23, 0, ''), 'old'))\n"
               "    def __getattr__(self, name): return getattr(real, name)\n"
               "sys.modules['sys'] = Old()\n",
               kPublicFile);
    const auto refused = scene_.ask(board.load("user1"));
    EXPECT_EQ(refused["code"], "E-BROKER-NAME") << refused;
    EXPECT_NE(std::string(refused["cure"]).find("countersign hosts old-boards on"), std::string::npos);
    EXPECT_FALSE(fs::exists(board.flash / "lib")) << "nothing has been touched";
    scene_.must({"hosts", "old-boards", "on"});
    const auto names = must_run({"openssl", "x509", "-in", scene_.home() / "broker/broker.crt.pem", "-noout",
                                 "-ext", "subjectAltName"});
    EXPECT_NE(names.find("DNS:localhost, IP Address:127.0.0.1, DNS:127.0.0.1"), std::string::npos) << names;
    EXPECT_EQ(scene_.ask(board.load("user1", {"--no-wait"}))["exit"], 0);
    scene_.must({"hosts", "old-boards", "off"});
    EXPECT_EQ(scene_.ask({"hosts", "list"})["old_boards"], false);
}

TEST_F(EnrolmentTest, AnotherBoardTakesANameOnlyWhenAskedToByName) {
    Board first(scene_, "first");
    scene_.must(first.load("user1"));
    EXPECT_TRUE(first.says("Sending ON"));
    expect_states("user1", {"birth active", "device active"});

    Board second(scene_, "second");
    const auto refused = scene_.ask(second.load("user1"));
    EXPECT_EQ(refused["code"], "E-NAME-TAKEN") << refused;
    EXPECT_NE(std::string(refused["cure"]).find("--replace"), std::string::npos) << refused;
    EXPECT_FALSE(fs::exists(second.flash / "main.py")) << "refused before anything was written";

    scene_.must(second.load("user1", {"--replace"}));
    EXPECT_TRUE(second.says("Sending ON"));
    expect_states("user1", {"birth retired", "device retired", "birth active", "device active"});
    EXPECT_TRUE(first.says("E-")) << "the first one is out";
}

TEST_F(EnrolmentTest, ABoardWhoseFlashWasErasedIsTheSameBoard) {
    Board board(scene_, "board");
    scene_.must(board.load("user1"));
    EXPECT_TRUE(board.says("Sending ON"));
    expect_states("user1", {"birth active", "device active"});
    board.board->cut_power();
    fs::remove_all(board.flash / "slots");
    board.board->restore_power();
    EXPECT_TRUE(scene_.ask(board.load("user1"))["enrolled"]);
    expect_states("user1", {"birth retired", "device retired", "birth active", "device active"});
}

TEST_F(EnrolmentTest, AKeyOnTheHostIsStillPossibleAndANameThatHasOneKeepsIt) {
    Board board(scene_, "board");
    EXPECT_EQ(scene_.ask(board.load("user1", {"--host-key"}))["enrolled"], false);
    EXPECT_TRUE(fs::exists(scene_.device("user1") / "user1.key.der"));
    auto again = scene_.ask(board.load("user1"));
    EXPECT_EQ(again["enrolled"], false) << again;
    EXPECT_TRUE(board.says("Sending ON"));
    // From now on its keys are its own.
    EXPECT_EQ(scene_.ask(board.load("user1", {"--replace"}))["enrolled"], true);
    expect_states("user1", {"device retired", "birth active", "device active"});
    EXPECT_EQ(scene_.ask(board.load("user1"))["enrolled"], false);
    EXPECT_EQ(states("user1").size(), 3U) << "the old key on the host is not loaded again";
}

TEST_F(EnrolmentTest, AnInterruptedLoadIsFinishedWithTheSameKeys) {
    Board board(scene_, "board");
    for (const char* moment :
         {"they never leave it", "/slots/enrol/working.der", "/slots/enrol/brokers.json"}) {
        Background load(scene_.argv(board.load("user1", {"-v"})));
        ASSERT_TRUE(load.wait_for(moment, kBoardPatience)) << load.output();
        board.board->pull_cable();
        (void)load.wait_for("Cure:", kBoardPatience);
        load.process().stop();
        board.board->plug_cable();
    }
    scene_.must(board.load("user1"));
    EXPECT_TRUE(board.says("Sending ON"));
    EXPECT_EQ(states("user1").size(), 2U) << "certified once";
}

TEST_F(EnrolmentTest, RefusesInWords) {
    Board board(scene_, "board");
    EXPECT_EQ(scene_.ask(board.load("a/b"))["code"], "E-NAME-INVALID");
    EXPECT_EQ(scene_.ask(board.load("operator"))["code"], "E-NAME-RESERVED");
    EXPECT_EQ(scene_.ask(board.load("user1", {"--server", "10.9.8.7"}))["code"], "E-BROKER-NAME");
    EXPECT_FALSE(fs::exists(board.flash / "main.py"));
}

}  // namespace
}  // namespace countersign::e2e
