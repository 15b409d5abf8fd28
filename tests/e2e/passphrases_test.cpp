// The home's passphrase and the root's, when a rollover asks for both.
#include <gtest/gtest.h>

#include "host/base/files.h"
#include "tests/e2e/support/program.h"

namespace countersign::e2e {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

// A root that was exported before the home's passphrase changed.
class TwoPassphrases : public ::testing::Test {
  protected:
    void SetUp() override {
        write_file(old_, "correct horse\n", kPrivateFile);
        write_file(fresh_, "battery staple\n", kPrivateFile);
        scene_.must({"--passphrase-file", old_, "init", "127.0.0.1"});
        scene_.must({"--passphrase-file", old_, "root", "export", root_});
        scene_.must({"root", "remove"});
        scene_.must({"--passphrase-file", old_, "passphrase", "--new-passphrase-file", fresh_});
    }
    // By openssl's word.
    static bool opens(const std::string& passphrase, const fs::path& key) {
        return run_command({"openssl", "pkey", "-noout", "-in", key, "-passin", "file:" + passphrase},
                           seconds(20))
                   .exit_code == 0;
    }
    [[nodiscard]] Json with_both(std::vector<std::string> command) const {
        command.insert(command.begin(), {"--passphrase-file", fresh_, "--root-passphrase-file", old_});
        return scene_.ask(command);
    }
    void expect_the_homes(const fs::path& key) const {
        EXPECT_TRUE(opens(fresh_, key)) << key;
        EXPECT_FALSE(opens(old_, key)) << key;
    }
    Scene scene_;
    const std::string old_ = scene_.file("old"), fresh_ = scene_.file("fresh"),
                      root_ = scene_.file("root.key");
    const fs::path issuing_ = scene_.home() / "authority/issuing.key.pem";
};

TEST_F(TwoPassphrases, ARolloverAsksForEachAndNewKeysHaveTheHomes) {
    const auto before = read_text(issuing_);
    // The root's alone opened the root and went onto the new issuing key, unnoticed.
    const auto roots = scene_.ask({"--passphrase-file", old_, "rollover", "issuing", "--root", root_});
    EXPECT_EQ(roots["code"], "E-PASSPHRASE-WRONG") << roots;
    EXPECT_NE(roots.dump().find("issuing.key.pem"), std::string::npos) << roots;
    const auto homes = scene_.ask({"--passphrase-file", fresh_, "rollover", "issuing", "--root", root_});
    EXPECT_EQ(homes["code"], "E-PASSPHRASE-NEEDED") << homes;
    EXPECT_NE(homes.dump().find("--root-passphrase-file"), std::string::npos) << homes;
    const auto wrong = scene_.ask({"--passphrase-file", fresh_, "--root-passphrase-file", fresh_, "rollover",
                                   "issuing", "--root", root_});
    EXPECT_EQ(wrong["code"], "E-PASSPHRASE-WRONG") << wrong;
    EXPECT_NE(wrong.dump().find(root_), std::string::npos) << wrong;
    EXPECT_EQ(read_text(issuing_), before) << "nothing has changed";

    EXPECT_EQ(with_both({"rollover", "issuing", "--root", root_})["exit"], 0);
    EXPECT_NE(read_text(issuing_), before);
    expect_the_homes(issuing_);
    EXPECT_EQ(with_both({"crl", "--root", root_})["exit"], 0);
    EXPECT_EQ(with_both({"rollover", "compromised", "--after", "2020-01-01", "--root", root_})["exit"], 0);
    expect_the_homes(issuing_);
    EXPECT_EQ(with_both({"rollover", "root", "start", "--root", root_})["exit"], 0);
    expect_the_homes(issuing_);
    expect_the_homes(scene_.home() / "authority/root.key.pem");
    scene_.must({"--passphrase-file", fresh_, "issue", "user1"});
}

TEST_F(TwoPassphrases, TheVariablesAndThePromptsNameTheKey) {
    auto argv = scene_.argv({"rollover", "issuing", "--root", root_});
    argv.insert(argv.begin(), {"env", "COUNTERSIGN_PASSPHRASE=battery staple",
                               "COUNTERSIGN_ROOT_PASSPHRASE=correct horse"});
    must_run(argv);
    expect_the_homes(issuing_);
    const auto asked = [&](const std::string& before) {
        const std::string line = "'" COUNTERSIGN_PROGRAM "' --home '" + scene_.home().string() + "' " +
                                 before + " rollover issuing --root '" + root_ + "'";
        return run_command({"script", "-qec", line, "/dev/null"}, seconds(20)).output;
    };
    EXPECT_NE(asked("").find("Passphrase of " + issuing_.string()), std::string::npos) << asked("");
    const auto roots = asked("--passphrase-file '" + fresh_ + "'");
    EXPECT_NE(roots.find("Passphrase of " + root_), std::string::npos) << roots;
}

// What a rollover is the cure for.
TEST_F(TwoPassphrases, ALostPassphraseIsReplacedOnceTheKeyIsMovedAway) {
    const std::string third = scene_.file("third");
    write_file(third, "another one\n", kPrivateFile);
    const auto again = [&] {
        return scene_.ask({"--passphrase-file", third, "--root-passphrase-file", old_, "rollover", "issuing",
                           "--root", root_});
    };
    const auto refused = again();
    EXPECT_EQ(refused["code"], "E-PASSPHRASE-WRONG") << refused;
    const std::string cure = refused["cure"];
    const auto begin = cure.find("mv '");
    ASSERT_NE(begin, std::string::npos) << cure;
    must_run({"sh", "-c", cure.substr(begin, cure.find(", and") - begin)});
    EXPECT_EQ(again()["last_list"], false);
    EXPECT_TRUE(opens(third, issuing_));
    scene_.must({"--passphrase-file", third, "issue", "user1"});
}

}  // namespace
}  // namespace countersign::e2e
