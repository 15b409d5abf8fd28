// A new issuing CA and a new root under a broker that runs and devices that are connected.
#include <gtest/gtest.h>

#include <map>

#include "host/base/files.h"
#include "host/loader/virtual_board.h"
#include "tests/e2e/support/program.h"

namespace countersign::e2e {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

constexpr seconds kPatience{30};

class RolloverTest : public ::testing::Test {
  protected:
    void SetUp() override { scene_.init(); }

    [[nodiscard]] std::string authority(const std::string& file) const {
        return scene_.home() / "authority" / file;
    }
    // Of the running broker, asked by somebody who trusts these anchors only: "0 (ok)" or why not.
    [[nodiscard]] std::string verdict(const std::string& anchors) const {
        const auto result =
            run_command({"openssl", "s_client", "-connect", "127.0.0.1:" + std::to_string(scene_.port()),
                         "-CAfile", anchors, "-no-CApath", "-x509_strict", "-verify_ip", "127.0.0.1"},
                        seconds(5));
        const std::string mark = "Verify return code: ";
        const auto at = result.output.find(mark);
        if (at == std::string::npos) return result.output;
        return result.output.substr(at + mark.size(), result.output.find('\n', at) - at - mark.size());
    }
    void expect_verdict(const std::string& anchors, bool good) const {
        for (int tries = 0; tries < 200 && (verdict(anchors) == "0 (ok)") != good; ++tries) ::usleep(20'000);
        EXPECT_EQ(verdict(anchors) == "0 (ok)", good) << anchors << ": " << verdict(anchors);
    }
    [[nodiscard]] int publish(const fs::path& folder, const std::string& name) const {
        return run_command({"mosquitto_pub", "-h", "127.0.0.1", "-p", std::to_string(scene_.port()),
                            "--cafile", folder / "ca.crt.pem", "--cert", folder / (name + ".crt.pem"),
                            "--key", folder / (name + ".key.pem"), "-i", name, "-t",
                            "devices/" + name + "/state", "-m", "hello", "-q", "1"},
                           seconds(15))
            .exit_code;
    }
    [[nodiscard]] std::string keep(const std::string& file) const {
        const auto copy = scene_.file("kept-" + file).string();
        fs::copy_file(authority(file), copy, fs::copy_options::overwrite_existing);
        return copy;
    }

    Scene scene_;
};

TEST_F(RolloverTest, ANewIssuingCaNeedsNothingFromAnyDevice) {
    scene_.must({"issue", "before"});
    const auto broker = start_broker(scene_);
    Background live({"stdbuf",
                     "-oL",
                     "mosquitto_sub",
                     "-h",
                     "127.0.0.1",
                     "-p",
                     std::to_string(scene_.port()),
                     "--cafile",
                     scene_.device("before") / "ca.crt.pem",
                     "--cert",
                     scene_.device("before") / "before.crt.pem",
                     "--key",
                     scene_.device("before") / "before.key.pem",
                     "-i",
                     "before",
                     "-t",
                     "devices/before/cmd/#",
                     "-C",
                     "1",
                     "-d"});
    ASSERT_TRUE(live.wait_for("SUBACK")) << live.output();
    const auto old_issuing = read_text(authority("issuing.crt.pem"));

    const auto answer = scene_.ask({"rollover", "issuing"});
    EXPECT_TRUE(answer["broker_told"]) << answer;
    EXPECT_NE(read_text(authority("issuing.crt.pem")), old_issuing);
    scene_.must({"issue", "after"});
    EXPECT_EQ(must_run({"openssl", "x509", "-noout", "-issuer", "-nameopt", "RFC2253", "-in",
                        scene_.device("after") / "after.crt.pem"}),
              "issuer=CN=" + std::string(answer["issuing"]) + "\n");
    // Mosquitto obeys SIGHUP in its own time.
    for (int tries = 0; tries < 100 && publish(scene_.device("after"), "after") != 0; ++tries)
        ::usleep(20'000);
    EXPECT_EQ(publish(scene_.device("after"), "after"), 0);
    expect_verdict(authority("root.crt.pem"), true);
    scene_.must({"send", "before", "cmd/led", "still here"});
    EXPECT_TRUE(live.wait_for("still here")) << live.output();
    (void)live.wait_for("never", seconds(1));  // -C 1: it has ended
    EXPECT_EQ(publish(scene_.device("before"), "before"), 0) << "certificates of the old CA go on";
    must_run({"openssl", "verify", "-x509_strict", "-CAfile", authority("root.crt.pem"),
              authority("issuing.crt.pem")});
}

TEST_F(RolloverTest, ARootThatIsOfflineIsTakenFromItsFile) {
    Scene scene;
    write_file(scene.file("pass"), "correct horse\n", kPrivateFile);
    const std::string pass = scene.file("pass");
    const std::string key = scene.file("root.key");
    scene.must({"--passphrase-file", pass, "init", "127.0.0.1"});
    scene.must({"--passphrase-file", pass, "root", "export", key});
    scene.must({"root", "remove"});
    EXPECT_EQ(scene.ask({"--passphrase-file", pass, "rollover", "issuing"})["code"], "E-ROOT-OFFLINE");
    EXPECT_EQ(scene.ask({"rollover", "issuing", "--root", key})["code"], "E-PASSPHRASE-NEEDED");
    EXPECT_EQ(scene.ask({"--passphrase-file", pass, "rollover", "issuing", "--root",
                         scene.home() / "authority/issuing.key.pem"})["code"],
              "E-AUTHORITY-BROKEN");
    scene.must({"--passphrase-file", pass, "rollover", "issuing", "--root", key});
    EXPECT_NE(read_text(scene.home() / "authority/issuing.key.pem").find("ENCRYPTED"), std::string::npos);
    scene.must({"--passphrase-file", pass, "issue", "user1"});
    scene.must({"--passphrase-file", pass, "rollover", "root", "start", "--root", key});
    EXPECT_NE(read_text(scene.home() / "authority/root.key.pem").find("ENCRYPTED"), std::string::npos);
    EXPECT_EQ(scene.ask({"root", "remove"})["code"], "E-ROOT-NOT-EXPORTED")
        << "that copy was of the old root";
    scene.must({"--passphrase-file", pass, "issue", "user2"});
}

TEST_F(RolloverTest, TheBrokerServesThoseWithTheOldRootAndThoseWithTheNewUntilItIsFinished) {
    scene_.must({"issue", "user1"});
    const auto broker = start_broker(scene_);
    const auto old_root = keep("root.crt.pem");
    expect_verdict(old_root, true);
    scene_.must({"rollover", "root", "start"});
    const auto new_root = authority("root.crt.pem");
    EXPECT_NE(read_text(new_root), read_text(old_root));
    expect_verdict(new_root, true);
    expect_verdict(old_root, true);
    EXPECT_EQ(publish(scene_.device("user1"), "user1"), 0) << "it knows only the old root";
    EXPECT_EQ(scene_.ask({"rollover", "root", "start"})["code"], "E-ROLLOVER-UNDERWAY");
    scene_.must({"hosts", "add", "10.9.8.7"});
    scene_.must({"rollover", "issuing"});
    expect_verdict(old_root, true);
    expect_verdict(new_root, true);

    const auto status = scene_.ask({"rollover", "root", "status"});
    EXPECT_EQ(status["confirmed"], 0);
    ASSERT_EQ(status["devices"].size(), 1U) << status;
    EXPECT_EQ(status["devices"][0]["name"], "user1");
    EXPECT_EQ(status["devices"][0]["confirmed"], false);
    const auto refused = scene_.ask({"rollover", "root", "finish"});
    EXPECT_EQ(refused["code"], "E-ROLLOVER-WAITS") << refused;
    EXPECT_NE(std::string(refused["what"]).find("user1"), std::string::npos);
    scene_.must({"rollover", "root", "finish", "--without", "user1"});
    expect_verdict(new_root, true);
    expect_verdict(old_root, false);
    EXPECT_EQ(scene_.ask({"rollover", "root", "status"})["code"], "E-ROLLOVER-NONE");
    // Still let in: what it trusts is its own affair, what it may is the registry's.
    EXPECT_NE(publish(scene_.device("user1"), "user1"), 0) << "it does not believe the broker";
    fs::copy_file(scene_.home() / "authority/root.crt.pem", scene_.device("user1") / "ca.crt.pem",
                  fs::copy_options::overwrite_existing);
    EXPECT_EQ(publish(scene_.device("user1"), "user1"), 0);
}

// What is no board never hears of a new root by itself.
TEST_F(RolloverTest, WhatWasIssuedByHandIsAskedForByNameAndToldHowToGetTheNewRoot) {
    scene_.must({"issue", "anna", "--role", "operator"});
    scene_.must({"issue", "bert", "--role", "operator"});
    scene_.must({"issue", "gateway"});
    scene_.must({"rollover", "root", "start"});
    scene_.must({"issue", "later", "--role", "operator"});
    std::map<std::string, Json> rows;
    const Json status = scene_.ask({"rollover", "root", "status"});
    for (const auto& row : status["devices"]) rows[row["name"].get<std::string>()] = row;
    ASSERT_EQ(rows.size(), 4U) << "the host's own have it already";
    EXPECT_EQ(rows["anna"]["needs"],
              "countersign issue anna --role operator --replace, and take its files there");
    EXPECT_EQ(rows["gateway"]["needs"], "countersign issue gateway --replace, and take its files there");
    EXPECT_EQ(rows["later"]["confirmed"], true) << "its files came with the new root";

    const auto refused = scene_.ask({"rollover", "root", "finish", "--without", "gateway"});
    EXPECT_EQ(refused["code"], "E-ROLLOVER-WAITS") << refused;
    EXPECT_NE(std::string(refused["what"]).find("anna (operator), bert (operator)"), std::string::npos)
        << refused;
    EXPECT_EQ(std::string(refused["what"]).find("gateway"), std::string::npos) << refused;

    // The cure, as it is told: the new files are of the new root, and in use.
    const auto broker = start_broker(scene_);
    scene_.must({"issue", "anna", "--role", "operator", "--replace"});
    EXPECT_EQ(scene_.ask({"rollover", "root", "finish", "--without", "gateway", "bert"})["code"],
              "E-ROLLOVER-WAITS")
        << "the one before may still be what it uses";
    auto argv = mosquitto_client("mosquitto_pub", scene_, scene_.device("anna"), "anna",
                                 {"-i", "operator~anna/1", "-t", "devices/x/cmd/y", "-m", "1", "-q", "1"});
    EXPECT_EQ(run_command(argv, std::chrono::seconds(15)).exit_code, 0);
    ASSERT_TRUE(broker->wait_for("anna uses its newest certificate")) << broker->output();
    scene_.must({"rollover", "root", "finish", "--without", "gateway", "bert"});
    EXPECT_EQ(run_command(argv, std::chrono::seconds(15)).exit_code, 0);
}

// The device's own code would say the same: openssl verifies the signature over the protocol's bytes.
TEST_F(RolloverTest, TheAnchorSetIsSignedByTheOldRootAndNamesTheNewOnes) {
    const auto old_root = keep("root.crt.pem");
    scene_.must({"rollover", "root", "start"});
    const auto set = read_file(authority("anchors/2"));
    ASSERT_GT(set.size(), 67U);
    // Version 1, type 6; 0x20, 4 bytes: version 2 of the anchors; 0x21: the root…
    EXPECT_EQ((std::vector<std::uint8_t>(set.begin(), set.begin() + 10)),
              (std::vector<std::uint8_t>{1, 6, 0x20, 0, 4, 0, 0, 0, 2, 0x21}));
    must_run({"openssl", "x509", "-in", authority("root.crt.pem"), "-outform", "DER", "-out",
              scene_.file("root.der")});
    const auto root = read_file(scene_.file("root.der"));
    EXPECT_EQ(
        (std::vector<std::uint8_t>(set.begin() + 12, set.begin() + 12 + static_cast<long>(root.size()))),
        root);
    // 0xF0, 64 bytes: r and s, here as the SEQUENCE of two INTEGERs that openssl reads.
    const std::vector<std::uint8_t> tail(set.end() - 67, set.end());
    EXPECT_EQ((std::vector<std::uint8_t>(tail.begin(), tail.begin() + 3)),
              (std::vector<std::uint8_t>{0xF0, 0, 64}));
    const auto integer = [&](std::size_t at) {
        std::vector<std::uint8_t> bytes(tail.begin() + static_cast<long>(at),
                                        tail.begin() + static_cast<long>(at) + 32);
        while (bytes.size() > 1 && bytes[0] == 0 && bytes[1] < 0x80) bytes.erase(bytes.begin());
        if (bytes[0] >= 0x80) bytes.insert(bytes.begin(), 0);
        bytes.insert(bytes.begin(), {0x02, static_cast<std::uint8_t>(bytes.size())});
        return bytes;
    };
    std::vector<std::uint8_t> signature = integer(3);
    const auto s = integer(35);
    signature.insert(signature.end(), s.begin(), s.end());
    signature.insert(signature.begin(), {0x30, static_cast<std::uint8_t>(signature.size())});
    const std::string prefix = "countersign-v1:";
    std::vector<std::uint8_t> bytes(prefix.begin(), prefix.end());
    bytes.insert(bytes.end(), set.begin(), set.end() - 67);
    write_file(scene_.file("signature"), signature, kPublicFile);
    write_file(scene_.file("signed"), bytes, kPublicFile);
    must_run({"openssl", "x509", "-in", old_root, "-noout", "-pubkey", "-out", scene_.file("old.pub")});
    must_run({"openssl", "dgst", "-sha256", "-verify", scene_.file("old.pub"), "-signature",
              scene_.file("signature"), scene_.file("signed")});
}

TEST_F(RolloverTest, ARootThatBoardsCannotVerifyIsRefusedWithWords) {
    Scene scene;
    scene.must({"init", "127.0.0.1", "--no-passphrase", "--key", "p384"});
    const auto refused = scene.ask({"rollover", "root", "start"});
    EXPECT_EQ(refused["code"], "E-KEY-TYPE");
    EXPECT_NE(std::string(refused["what"]).find("p384"), std::string::npos) << refused;
    scene.must({"rollover", "issuing"});
    scene.must({"issue", "user1"});
}

TEST_F(RolloverTest, AStolenIssuingKeyCondemnsWhatItSignedSince) {
    scene_.must({"issue", "early"});
    const auto broker = start_broker(scene_);
    ASSERT_EQ(publish(scene_.device("early"), "early"), 0);
    ::sleep(2);  // the registry counts in seconds, and what was issued in that second is condemned too
    const std::time_t now = std::time(nullptr);
    char time[32];
    ASSERT_NE(std::strftime(time, sizeof time, "%Y-%m-%dT%H:%M:%SZ", std::gmtime(&now)), 0U);
    scene_.must({"issue", "late"});
    scene_.must({"issue", "anna", "--role", "operator"});
    ASSERT_EQ(publish(scene_.device("late"), "late"), 0);

    EXPECT_EQ(scene_.ask({"rollover", "compromised", "--after", "yesterday"})["code"], "E-USAGE");
    const auto answer = scene_.ask({"rollover", "compromised", "--after", time});
    EXPECT_EQ(answer["condemned"], 2) << answer;
    EXPECT_EQ(answer["untouched"], 1) << answer;
    ASSERT_EQ(answer["fates"].size(), 2U) << answer;
    EXPECT_EQ(answer["fates"][0]["name"], "anna");
    EXPECT_EQ(answer["fates"][1]["name"], "late");
    EXPECT_NE(std::string(answer["fates"][1]["cure"]).find("countersign issue late --replace"),
              std::string::npos);
    EXPECT_NE(publish(scene_.device("late"), "late"), 0);
    EXPECT_EQ(publish(scene_.device("early"), "early"), 0);
    scene_.must({"issue", "late", "--replace"});
    for (int tries = 0; tries < 100 && publish(scene_.device("late"), "late") != 0; ++tries) ::usleep(20'000);
    EXPECT_EQ(publish(scene_.device("late"), "late"), 0);
}

TEST_F(RolloverTest, TheOperatorComesBackAfterEverythingWasCondemned) {
    const auto broker = start_broker(scene_);
    const auto answer = scene_.ask({"rollover", "compromised", "--after", "2020-01-01"});
    ASSERT_FALSE(answer["fates"].empty()) << answer;
    for (const auto& fate : answer["fates"])
        EXPECT_EQ(fate["fate"], "has a new certificate already") << answer;
    scene_.must({"issue", "user1"});
    CommandResult sent{1, false, ""};
    for (int tries = 0; tries < 50 && sent.exit_code != 0; ++tries)
        sent = scene_.run({"send", "user1", "a", "b"});
    EXPECT_EQ(sent.exit_code, 0) << sent.output;
}

TEST_F(RolloverTest, TheOldIssuingCaLeavesALastListAndTheNewOneBeginsItsOwn) {
    scene_.must({"issue", "user1"});
    scene_.must({"revoke", "user1"});
    const auto old_ca = keep("issuing.crt.pem");
    const auto crl = [&](const fs::path& file, const fs::path& ca) {
        return must_run({"openssl", "crl", "-in", file, "-noout", "-text", "-verify", "-CAfile", ca});
    };
    EXPECT_EQ(scene_.ask({"rollover", "issuing"})["last_list"], true);
    std::vector<fs::path> lists;
    for (const auto& entry : fs::directory_iterator(scene_.home() / "crl")) {
        const std::string name = entry.path().filename();
        if (name.starts_with("issuing-") && name.ends_with(".pem")) lists.push_back(entry.path());
    }
    ASSERT_EQ(lists.size(), 1U);
    const auto last = crl(lists[0], old_ca);
    EXPECT_NE(last.find("verify OK"), std::string::npos) << last;
    EXPECT_NE(last.find("9999"), std::string::npos) << last;
    std::string serial = scene_.ask({"show", "user1"})["certificates"][0]["serial"];
    for (auto& c : serial) c = static_cast<char>(std::toupper(c));
    EXPECT_NE(last.find("Serial Number: " + serial), std::string::npos) << last;

    const auto first = crl(scene_.home() / "crl/issuing.crl.pem", authority("issuing.crt.pem"));
    EXPECT_NE(first.find("verify OK"), std::string::npos) << first;
    EXPECT_NE(first.find("No Revoked Certificates"), std::string::npos) << first;
}

// mbedTLS, on a board that knows only the old root and issuing CA; then on one that was loaded meanwhile.
TEST_F(RolloverTest, ABoardWithOldAnchorsAndOneWithNewAnchorsConnect) {
    const auto broker = start_broker(scene_);
    const auto board = [&](const std::string& name) {
        loader::VirtualBoardOptions options;
        options.flash = scene_.file(name);
        options.port_link = scene_.file(name + "-port");
        options.micropython = COUNTERSIGN_SOURCE "/build/libexec/micropython";
        return std::make_unique<loader::VirtualBoard>(options);
    };
    const auto old_board = board("old");
    scene_.must({"load", "old", "--port", scene_.file("old-port"), "--wifi-ssid", "home"});
    EXPECT_TRUE(old_board->wait_for("Sending ON", kPatience)) << old_board->console();
    old_board->cut_power();
    scene_.must({"rollover", "root", "start"});
    expect_verdict(authority("root.crt.pem"), true);
    const auto mark = old_board->console().size();
    old_board->restore_power();
    EXPECT_TRUE(old_board->wait_for("Sending ON", kPatience, mark)) << old_board->console().substr(mark);
    const auto new_board = board("new");
    scene_.must({"load", "new", "--port", scene_.file("new-port"), "--wifi-ssid", "home"});
    EXPECT_TRUE(new_board->wait_for("Sending ON", kPatience)) << new_board->console();
    must_run({"openssl", "x509", "-inform", "DER", "-in", scene_.file("new") / "slots/a/anchor0.der", "-out",
              scene_.file("anchor.pem")});
    EXPECT_EQ(read_text(scene_.file("anchor.pem")), read_text(authority("root.crt.pem")));
}

}  // namespace
}  // namespace countersign::e2e
