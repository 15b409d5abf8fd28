// What the person who runs this for years does to the host itself: looks it over, changes the passphrase,
// gives its own identities new keys, puts operators out.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>

#include "host/base/files.h"
#include "tests/e2e/support/program.h"

namespace countersign::e2e {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

using Codes = std::vector<std::string>;

class Upkeep : public testing::Test {
  protected:
    Upkeep() { scene.init(); }

    // The codes of what `doctor` complains of in this part.
    [[nodiscard]] std::vector<std::string> complaints(const std::string& part) const {
        const Json answer = scene.ask({"doctor"});
        std::vector<std::string> codes;
        for (const auto& one : answer["parts"]) {
            if (one["part"] != part) continue;
            for (const auto& complaint : one["complaints"]) codes.push_back(complaint["code"]);
        }
        EXPECT_EQ(answer["exit"], answer["complaints"] == 0 ? 0 : 1) << answer;
        EXPECT_EQ(answer["ok"], answer["complaints"] == 0) << answer;
        return codes;
    }
    // Whether somebody with these files can publish as this operator.
    [[nodiscard]] bool gets_in(const fs::path& folder, const std::string& name) const {
        return run_command(mosquitto_client("mosquitto_pub", scene, folder, name,
                                            {"-i", "operator~" + name + "/t", "-t", "devices/x/cmd/y", "-m",
                                             "1", "-q", "1"}),
                           std::chrono::seconds(15))
                   .exit_code == 0;
    }
    // The certificate the running broker shows: its public key.
    [[nodiscard]] std::string served_key() const {
        const auto shown = run_command(
            {"openssl", "s_client", "-connect", "127.0.0.1:" + std::to_string(scene.port()), "-showcerts"},
            std::chrono::seconds(5));
        write_file(scene.file("served"), shown.output, kPublicFile);
        return must_run({"openssl", "x509", "-in", scene.file("served"), "-noout", "-pubkey"});
    }

    Scene scene;
};

TEST_F(Upkeep, ANewHomeIsWellButNothingRuns) {
    scene.must({"issue", "user1"});
    EXPECT_THAT(scene.must({"doctor", "--files"}), HasSubstr("All files are well."));
    EXPECT_EQ(complaints("services"),
              (Codes{"E-BROKER-UNREACHABLE", "E-SIGNER-UNREACHABLE", "E-RESPONDER-DOWN"}));
    EXPECT_EQ(scene.ask({"doctor"})["complaints"], 3);
    EXPECT_THAT(scene.run({"doctor"}).output, HasSubstr("Cure: countersign up"));
}

TEST_F(Upkeep, AllIsWellWhenEverythingRunsAndNotBefore) {
    const auto broker = start_broker(scene);
    EXPECT_EQ(complaints("services"), (Codes{"E-SIGNER-UNREACHABLE", "E-RESPONDER-DOWN"}));
    Background signer(scene.argv({"signer"}));
    ASSERT_TRUE(signer.wait_for("ready")) << signer.output();
    EXPECT_EQ(complaints("services"), Codes{"E-RESPONDER-DOWN"});
    Background responder(scene.argv({"responder"}));
    ASSERT_TRUE(responder.wait_for("connected")) << responder.output();
    EXPECT_THAT(scene.must({"doctor"}), HasSubstr("All is well."));
    signer.interrupt();
    EXPECT_EQ(complaints("services"), Codes{"E-SIGNER-UNREACHABLE"});
}

TEST_F(Upkeep, AResponderThatIsNotConnectedIsFound) {
    const auto broker = start_broker(scene);
    Background signer(scene.argv({"signer"}));
    ASSERT_TRUE(signer.wait_for("ready")) << signer.output();
    // With the identity of another authority it is not let in.
    Scene other;
    other.init();
    for (const std::string file : {"responder.crt.pem", "responder.key.pem"}) {
        fs::copy_file(other.home() / "responder" / file, scene.home() / "responder" / file,
                      fs::copy_options::overwrite_existing);
    }
    Background responder(scene.argv({"responder"}));
    ASSERT_TRUE(responder.wait_for("E-BROKER-REFUSED")) << responder.output();
    EXPECT_EQ(complaints("services"), Codes{"E-RESPONDER-DOWN"});
    EXPECT_THAT(scene.run({"doctor"}).output, HasSubstr("the broker has no connection of it"));
}

TEST_F(Upkeep, ABrokerThatIsNotOursIsFound) {
    Scene other;
    other.set_port(scene.port());
    other.init();
    const auto foreign = start_broker(other);
    EXPECT_EQ(complaints("services").front(), "E-BROKER-UNTRUSTED");
}

TEST_F(Upkeep, AnEventThatWasChangedIsFound) {
    scene.must({"issue", "user1"});
    const std::string database = scene.home() / "registry.db";
    const std::string triggers =
        "SELECT 'DROP TRIGGER ' || name || ';' FROM sqlite_master WHERE type = 'trigger'";
    must_run({"sqlite3", database, must_run({"sqlite3", database, triggers})});
    must_run({"sqlite3", database, "UPDATE events SET detail = 'nothing' WHERE seq = 2;"});
    EXPECT_EQ(complaints("registry"), Codes{"E-REGISTRY-BROKEN"});
}

TEST_F(Upkeep, AnAdmissionFileThatSaysSomethingElseIsFoundAndNotMendedUnseen) {
    scene.must({"issue", "user1"});
    const auto before = read_file(scene.home() / "broker/admission");
    scene.must({"issue", "user2"});
    write_file(scene.home() / "broker/admission", before, 0640);
    EXPECT_EQ(complaints("admission"), Codes{"E-ADMISSION-BROKEN"});
    EXPECT_EQ(complaints("admission"), Codes{"E-ADMISSION-BROKEN"}) << "looking changes nothing";
    scene.must({"crl"});
    EXPECT_EQ(complaints("admission"), Codes{}) << "the cure";
    write_file(scene.home() / "broker/admission", std::string_view("no such thing"), 0640);
    EXPECT_EQ(complaints("admission"), Codes{"E-ADMISSION-BROKEN"});
}

// A row that a disk has changed refuses its device; generation and size are what they were.
TEST_F(Upkeep, ADamagedRowOfTheAdmissionFileIsCuredByWhatDoctorSays) {
    scene.must({"issue", "user1"});
    const auto file = scene.home() / "broker/admission";
    auto bytes = read_file(file);
    constexpr std::size_t kStateOfTheFirstRow = 64 + 41;
    bytes.at(kStateOfTheFirstRow) ^= 1;
    write_file(file, bytes, 0640);
    std::string cure;
    const Json looked = scene.ask({"doctor", "--files"});
    for (const auto& part : looked["parts"]) {
        if (part["part"] == "admission" && !part["complaints"].empty()) cure = part["complaints"][0]["cure"];
    }
    ASSERT_THAT(cure, testing::StartsWith("countersign crl:"));
    scene.must({"crl"});
    EXPECT_EQ(complaints("admission"), Codes{});
}

TEST_F(Upkeep, ADamagedRowIsGoneOnceTheBrokerHasStarted) {
    scene.must({"issue", "user1"});
    const auto file = scene.home() / "broker/admission";
    auto bytes = read_file(file);
    bytes.at(64 + 41) ^= 1;
    write_file(file, bytes, 0640);
    const auto broker = start_broker(scene);
    EXPECT_EQ(complaints("admission"), Codes{});
}

// They look, and so they need no lock.
TEST_F(Upkeep, DoctorAndListDoNotWaitForWhoeverHoldsTheHome) {
    scene.must({"issue", "user1"});
    const FileLock held(scene.home() / "home.lock");
    EXPECT_EQ(scene.ask({"doctor", "--files"})["complaints"], 0);
    EXPECT_EQ(scene.ask({"list"})["devices"].size(), 1U);
    EXPECT_EQ(scene.ask({"show", "user1"})["exit"], 0);
}

TEST_F(Upkeep, WhatNobodyRenewsIsFoundBeforeItEndsAndAfter) {
    scene.must({"issue", "anna", "--role", "operator"});
    scene.must({"issue", "bert", "--role", "operator"});
    scene.must({"issue", "gateway"});
    EXPECT_EQ(complaints("devices"), Codes{});
    const auto age = [&](const std::string& name, int days) {
        must_run({"sqlite3", scene.home() / "registry.db",
                  "UPDATE certificates SET issued_at = issued_at - 86400 * " + std::to_string(days) +
                      ", not_before = not_before - 86400 * " + std::to_string(days) +
                      ", not_after = not_after - 86400 * " + std::to_string(days) + " WHERE name = '" + name +
                      "'"});
    };
    age("anna", 330);
    age("gateway", 330);
    age("bert", 400);
    EXPECT_EQ(complaints("devices"), (Codes{"E-CERT-EXPIRED", "E-RENEWAL-LATE"}));
    const auto told = scene.run({"doctor", "--files"}).output;
    EXPECT_THAT(told, HasSubstr("countersign issue bert --role operator --replace"));
    EXPECT_THAT(told, HasSubstr("anna, gateway"));
    EXPECT_THAT(told, testing::Not(HasSubstr("come back by themselves")))
        << "nobody but a person brings them back";
}

TEST_F(Upkeep, ACertificateThatBeginsLaterIsFound) {
    scene.must({"issue", "user1"});
    must_run({"sqlite3", scene.home() / "registry.db",
              "UPDATE certificates SET not_before = not_before + 86400 * 30 WHERE name IN ('user1', "
              "'responder')"});
    EXPECT_EQ(complaints("clock"), Codes{"E-CERT-NOT-YET"});
    EXPECT_EQ(complaints("certificates"), Codes{"E-CERT-NOT-YET"});
}

TEST_F(Upkeep, WhatTheBrokerKeptIsLookedAt) {
    write_file(scene.home() / "broker/data/mosquitto.db", std::string(4096, '\0'), kPrivateFile);
    EXPECT_EQ(complaints("broker"), Codes{"E-SAVED-STATE"});
    const auto broker = start_broker(scene);
    EXPECT_EQ(complaints("broker"), Codes{}) << "the cure: it starts";
}

TEST_F(Upkeep, AKeyThatOthersCanReadIsFoundAndTheCureIsTheWholeCommand) {
    const auto key = scene.home() / "authority/issuing.key.pem";
    fs::permissions(key, static_cast<fs::perms>(0644));
    EXPECT_EQ(complaints("permissions"), Codes{"E-PERMISSIONS"});
    const auto report = scene.ask({"doctor"});
    for (const auto& part : report["parts"]) {
        if (part["part"] == "permissions") must_run({"sh", "-c", std::string(part["complaints"][0]["cure"])});
    }
    EXPECT_EQ(complaints("permissions"), Codes{});
}

TEST_F(Upkeep, ABrokerKeyOfAnotherCertificateIsFoundAndCured) {
    must_run({"openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out",
              scene.home() / "broker/broker.key.pem"});
    EXPECT_EQ(complaints("broker"), Codes{"E-AUTHORITY-BROKEN"});
    scene.must({"renew", "broker", "--new-key"});
    EXPECT_EQ(complaints("broker"), Codes{});
}

TEST_F(Upkeep, TheBrokerGetsANewKeyWhileItRunsAndNobodyIsDisconnected) {
    scene.must({"issue", "user1"});
    const auto broker = start_broker(scene);
    Background live(mosquitto_client("mosquitto_sub", scene, scene.device("user1"), "user1",
                                     {"-d", "-t", "devices/user1/cmd/#", "-q", "1", "-C", "1"}));
    ASSERT_TRUE(live.wait_for("SUBACK")) << live.output();
    const auto before = served_key();
    EXPECT_THAT(scene.must({"renew", "broker", "--new-key"}), HasSubstr("serves it already"));
    std::string after = served_key();
    for (int tries = 0; tries < 100 && after == before; ++tries) {
        ::usleep(50'000);
        after = served_key();
    }
    EXPECT_NE(after, before);
    EXPECT_EQ(after, must_run({"openssl", "pkey", "-in", scene.home() / "broker/broker.key.pem", "-pubout"}));
    scene.must({"send", "user1", "cmd/led", "on"});
    EXPECT_TRUE(live.wait_for("on")) << live.output();
}

TEST_F(Upkeep, TheOperatorIsNotRevokedButGetsANewKeyAndTheOldOneIsOut) {
    const auto broker = start_broker(scene);
    fs::copy(scene.home() / "operator", scene.file("stolen"), fs::copy_options::recursive);
    ASSERT_TRUE(gets_in(scene.file("stolen"), "operator"));
    const auto refused = scene.ask({"revoke", "operator"});
    EXPECT_EQ(refused["code"], "E-NAME-RESERVED");
    EXPECT_THAT(std::string(refused["cure"]), HasSubstr("countersign renew operator --new-key"));
    scene.must({"renew", "operator", "--new-key"});
    EXPECT_FALSE(gets_in(scene.file("stolen"), "operator"));
    EXPECT_TRUE(gets_in(scene.home() / "operator", "operator"));
    scene.must({"issue", "user1"});
    EXPECT_EQ(scene.ask({"revoke", "user1"})["broker_asked"], true) << "asked by the operator";
}

TEST_F(Upkeep, TheResponderGoesOnWithItsNewKey) {
    const auto broker = start_broker(scene);
    Background signer(scene.argv({"signer"}));
    ASSERT_TRUE(signer.wait_for("ready"));
    Background responder(scene.argv({"responder"}));
    ASSERT_TRUE(responder.wait_for("connected")) << responder.output();
    scene.must({"renew", "responder", "--new-key"});
    EXPECT_TRUE(responder.wait_for("connected")) << responder.output();
}

TEST_F(Upkeep, AnotherOperatorIsRevokedByName) {
    const auto broker = start_broker(scene);
    scene.must({"issue", "anna", "--role", "operator"});
    ASSERT_TRUE(gets_in(scene.device("anna"), "anna"));
    Background live(mosquitto_client("mosquitto_sub", scene, scene.device("anna"), "anna",
                                     {"-i", "operator~anna/1", "-d", "-t", "devices/#"}));
    ASSERT_TRUE(live.wait_for("SUBACK")) << live.output();
    const auto revoked = scene.ask({"revoke", "anna"});
    EXPECT_EQ(revoked["exit"], 0) << revoked;
    EXPECT_EQ(revoked["sessions_ended"], 1) << revoked;
    EXPECT_FALSE(gets_in(scene.device("anna"), "anna"));
    EXPECT_TRUE(gets_in(scene.home() / "operator", "operator"));
}

TEST_F(Upkeep, ACertificateThatCannotRenewByItselfIsSaidToBeOne) {
    EXPECT_THAT(scene.must({"issue", "user1", "--key", "rsa2048", "--days", "20"}),
                HasSubstr("does not renew by itself"));
    EXPECT_THAT(scene.must({"show", "user1"}), HasSubstr("rsa2048"));
    EXPECT_THAT(scene.must({"list", "--expiring", "30d"}), HasSubstr("renews only by hand (rsa2048)"));
    EXPECT_THAT(scene.must({"issue", "user2"}), testing::Not(HasSubstr("does not renew")));
}

// What the registry cannot write down does not happen.
TEST(UpkeepDisk, ADiskThatIsNearlyFullIsFound) {
    Scene scene;
    fs::create_directory(scene.home());
    if (::mount("tmpfs", scene.home().c_str(), "tmpfs", 0, "size=40m,mode=0755") != 0)
        GTEST_SKIP() << "may not mount";
    scene.init();
    std::string cure;
    const Json looked = scene.ask({"doctor", "--files"});
    for (const auto& part : looked["parts"]) {
        if (part["part"] == "disk" && !part["complaints"].empty()) cure = part["complaints"][0]["cure"];
    }
    EXPECT_THAT(cure, HasSubstr("make room")) << looked;
    EXPECT_EQ(looked["exit"], 1);
    EXPECT_EQ(::umount(scene.home().c_str()), 0);
}

TEST(UpkeepEncrypted, ThePassphraseIsChangedForBothKeysAndTheOldOneIsOfNoUse) {
    Scene scene;
    write_file(scene.file("old"), std::string_view("correct horse\n"), kPrivateFile);
    write_file(scene.file("new"), std::string_view("battery staple\n"), kPrivateFile);
    const std::string old = scene.file("old");
    const std::string fresh = scene.file("new");
    scene.must({"--passphrase-file", old, "init", "127.0.0.1"});
    EXPECT_EQ(scene.ask({"--passphrase-file", fresh, "passphrase", "--new-passphrase-file", old})["code"],
              "E-PASSPHRASE-WRONG");
    scene.must({"--passphrase-file", old, "passphrase", "--new-passphrase-file", fresh});
    EXPECT_EQ(scene.ask({"--passphrase-file", old, "issue", "user1"})["code"], "E-PASSPHRASE-WRONG");
    scene.must({"--passphrase-file", fresh, "issue", "user1"});
    for (const std::string key : {"root", "issuing"}) {
        const auto file = scene.home() / "authority" / (key + ".key.pem");
        must_run({"openssl", "pkey", "-in", file, "-passin", "file:" + fresh, "-noout"});
        EXPECT_EQ(static_cast<int>(fs::status(file).permissions()), 0600);
    }
    scene.must({"--passphrase-file", fresh, "rollover", "issuing"});
}

TEST(UpkeepEncrypted, KeysInTheClearGetAPassphrase) {
    Scene scene;
    write_file(scene.file("new"), std::string_view("battery staple\n"), kPrivateFile);
    scene.must({"init", "127.0.0.1", "--no-passphrase"});
    scene.must({"passphrase", "--new-passphrase-file", scene.file("new")});
    EXPECT_EQ(scene.ask({"issue", "user1"})["code"], "E-PASSPHRASE-NEEDED");
    scene.must({"--passphrase-file", scene.file("new"), "issue", "user1"});
}

}  // namespace
}  // namespace countersign::e2e
