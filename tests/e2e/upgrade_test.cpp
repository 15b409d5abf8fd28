// A home and a board of an earlier version (upgrade/make.sh) under the programs of this one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/base/files.h"
#include "tests/e2e/support/board.h"

namespace countersign::e2e {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr std::string_view kPort = "18831";  // of upgrade/make.sh

class Upgrade : public ::testing::Test {
  protected:
    void SetUp() override {
        must_run({"tar", "-xJf", COUNTERSIGN_SOURCE "/tests/e2e/upgrade/931aa09.tar.xz", "-C",
                  scene_.home().parent_path(), "--no-same-owner"});
        scene_.set_port(free_port());
        const auto flash = scene_.file("flash");
        for (const auto& file : {scene_.home() / "settings.json", flash / "wifi.conf",
                                 flash / "slots/a/identity.json", flash / "slots/birth/identity.json"})
            move_to_our_port(file);
    }
    void move_to_our_port(const fs::path& file) const {
        std::string text = read_text(file);
        for (auto at = text.find(kPort); at != std::string::npos; at = text.find(kPort))
            text.replace(at, kPort.size(), std::to_string(scene_.port()));
        write_file(file, text, kPublicFile);
    }
    [[nodiscard]] std::vector<std::string> states(const std::string& name) const {
        std::vector<std::string> all;
        const auto answer = scene_.ask({"show", name});
        for (const auto& row : answer["certificates"])
            all.push_back(std::string(row["role"]) + " " + std::string(row["state"]));
        return all;
    }
    [[nodiscard]] int publish(const std::string& name) const {
        return run_command(mosquitto_client("mosquitto_pub", scene_, scene_.device(name), name,
                                            {"-t", "devices/" + name + "/state", "-m", "x", "-q", "1"}),
                           std::chrono::seconds(15))
            .exit_code;
    }
    [[nodiscard]] int verify(const std::string& name) const {
        return run_command(
                   {"openssl", "verify", "-crl_check_all", "-CRLfile", scene_.home() / "crl/chain.crl.pem",
                    "-CAfile", scene_.home() / "broker/ca.pem", scene_.device(name) / (name + ".crt.pem")},
                   std::chrono::seconds(10))
            .exit_code;
    }

    Scene scene_;
};

TEST_F(Upgrade, AHomeAndABoardOfTheVersionBeforeGoOn) {
    // Looked at before anything is started: the one thing to do is said, and a rollover waits for it.
    EXPECT_THAT(scene_.must({"list"}), HasSubstr("user1"));
    EXPECT_THAT(scene_.run({"doctor", "--files"}).output, HasSubstr("E-BROKER-OLD"));
    EXPECT_EQ(scene_.ask({"rollover", "issuing"})["code"], "E-BROKER-OLD");

    scene_.must({"clock", "--accept"});  // it is as if the home came from an old backup
    Background up(scene_.argv({"up", "--address", "127.0.0.1"}));
    ASSERT_TRUE(up.wait_for("answering devices")) << up.output();
    EXPECT_FALSE(fs::exists(scene_.home() / "broker/crl.pem"));
    EXPECT_EQ(publish("other"), 0);
    EXPECT_NE(publish("gone"), 0);

    // The board, with its old program, goes on, renews, and takes over another root.
    auto board = std::make_unique<Board>(scene_, "flash");
    ASSERT_TRUE(board->says("as user1")) << up.output();
    EXPECT_THAT(scene_.must({"renew", "user1"}), HasSubstr("has renewed"));
    EXPECT_THAT(states("user1"), testing::ElementsAre("birth active", "device retired", "device active"));
    scene_.must({"rollover", "root", "start"});
    for (int tries = 0; tries < 400 && scene_.ask({"show", "user1"})["anchors_version"] != 2; ++tries)
        ::usleep(50'000);
    EXPECT_EQ(scene_.ask({"show", "user1"})["anchors_version"], 2) << up.output();
    EXPECT_EQ(publish("other"), 0) << "it has the old root only";
    scene_.must({"rollover", "root", "finish", "--without", "other"});
    board.reset();
    board = std::make_unique<Board>(scene_, "flash");
    EXPECT_TRUE(board->says("as user1")) << "the broker does not vouch by the old root any more";

    // What is new is there: lists of every CA. What was there stays: addresses for old boards.
    scene_.must({"crl"});
    EXPECT_EQ(verify("other"), 0);
    EXPECT_NE(verify("gone"), 0);
    scene_.must({"hosts", "add", "broker.local"});
    EXPECT_THAT(must_run({"openssl", "x509", "-in", scene_.home() / "broker/broker.crt.pem", "-noout", "-ext",
                          "subjectAltName"}),
                HasSubstr("DNS:localhost, DNS:broker.local, IP Address:127.0.0.1, DNS:127.0.0.1"));
    // The board's old program passes over the signed list and takes the plain one.
    for (int tries = 0; tries < 400 && scene_.ask({"show", "user1"})["brokers_version"] != 2; ++tries)
        ::usleep(50'000);
    EXPECT_EQ(scene_.ask({"show", "user1"})["brokers_version"], 2) << up.output();
    const auto doctor = scene_.run({"doctor"});
    EXPECT_EQ(doctor.exit_code, 0) << doctor.output;
    EXPECT_EQ(up.interrupt(), 0);
}

}  // namespace
}  // namespace countersign::e2e
