// `hosts`: the broker's addresses, judged by `openssl s_client` against the Mosquitto that serves them.
#include <gtest/gtest.h>

#include <csignal>
#include <thread>

#include "host/base/files.h"
#include "tests/e2e/support/program.h"

namespace countersign::e2e {
namespace {

class HostsTest : public ::testing::Test {
  protected:
    void SetUp() override { scene_.init(); }

    // What a device that dials `name` thinks of the certificate that is served: "0 (ok)" or the reason.
    [[nodiscard]] std::string verdict(const std::string& name) const {
        const bool ip = name.find_first_not_of("0123456789.") == std::string::npos;
        const auto result =
            run_command({"openssl", "s_client", "-connect", "127.0.0.1:" + std::to_string(scene_.port()),
                         "-CAfile", scene_.home() / "authority/root.crt.pem",
                         ip ? "-verify_ip" : "-verify_hostname", name, "-x509_strict"},
                        std::chrono::seconds(5));
        const std::string mark = "Verify return code: ";
        const auto at = result.output.find(mark);
        if (at == std::string::npos) return result.output;
        return result.output.substr(at + mark.size(), result.output.find('\n', at) - at - mark.size());
    }
    // Mosquitto obeys SIGHUP in its own time: waits until it serves a certificate for `name`, or not any
    // more.
    void expect_served(const std::string& name, bool served) const {
        for (int tries = 0; tries < 200 && (verdict(name) == "0 (ok)") != served; ++tries) ::usleep(20'000);
        EXPECT_EQ(verdict(name) == "0 (ok)", served) << name << ": " << verdict(name);
    }
    [[nodiscard]] std::vector<std::string> device(const std::string& program,
                                                  std::vector<std::string> rest) const {
        return mosquitto_client(program, scene_, scene_.device("user1"), "user1", std::move(rest));
    }
    [[nodiscard]] std::vector<std::string> hosts() const {
        std::vector<std::string> names;
        const auto answer = scene_.ask({"hosts", "list"});
        for (const auto& row : answer["hosts"]) {
            names.push_back(row["host"]);
            EXPECT_TRUE(row["in_certificate"]) << row;
        }
        return names;
    }

    Scene scene_;
};

using Names = std::vector<std::string>;

TEST_F(HostsTest, ARunningBrokerServesTheNewCertificateAndNobodyIsDisconnected) {
    scene_.must({"issue", "user1"});
    const auto broker = start_broker(scene_);
    Background live(device("mosquitto_sub", {"-t", "devices/user1/cmd/#", "-C", "1", "-d"}));
    ASSERT_TRUE(live.wait_for("SUBACK")) << live.output();
    expect_served("127.0.0.1", true);
    expect_served("10.9.8.7", false);
    expect_served("broker.example.org", false);

    const auto answer = scene_.ask({"hosts", "add", "10.9.8.7", "Broker.Example.org"});
    EXPECT_EQ(answer["version"], 2);
    EXPECT_TRUE(answer["broker_told"]);
    for (const char* name : {"10.9.8.7", "broker.example.org", "127.0.0.1", "localhost"})
        expect_served(name, true);

    scene_.must({"hosts", "remove", "10.9.8.7"});
    expect_served("10.9.8.7", false);
    expect_served("broker.example.org", true);

    scene_.must({"send", "user1", "cmd/led", "still here"});
    EXPECT_TRUE(live.wait_for("still here")) << live.output();
    EXPECT_EQ(broker->output().find("user1 disconnected"), std::string::npos) << broker->output();
}

TEST_F(HostsTest, ABrokerStartedLaterServesIt) {
    EXPECT_FALSE(scene_.ask({"hosts", "add", "10.9.8.7"})["broker_told"]);
    const auto broker = start_broker(scene_);
    expect_served("10.9.8.7", true);
}

TEST_F(HostsTest, KeepsTheOrderInWhichDevicesTryThem) {
    EXPECT_EQ(hosts(), (Names{"127.0.0.1", "localhost"}));
    scene_.must({"hosts", "add", "10.9.8.7", "fd00::1"});
    EXPECT_EQ(hosts(), (Names{"127.0.0.1", "localhost", "10.9.8.7", "fd00::1"}));
    scene_.must({"hosts", "add", "--first", "10.9.8.7"});
    EXPECT_EQ(hosts(), (Names{"10.9.8.7", "127.0.0.1", "localhost", "fd00::1"}));
    EXPECT_EQ(scene_.ask({"hosts", "list"})["version"], 3);
    scene_.must({"hosts", "remove", "127.0.0.1", "localhost"});
    EXPECT_EQ(hosts(), (Names{"10.9.8.7", "fd00::1"}));
}

TEST_F(HostsTest, AHostThatIsThereAlreadyGetsTheBrokerANewCertificateAllTheSame) {
    const auto before =
        must_run({"openssl", "x509", "-noout", "-serial", "-in", scene_.home() / "broker/broker.crt.pem"});
    EXPECT_EQ(scene_.ask({"hosts", "add", "127.0.0.1"})["version"], 1);
    EXPECT_NE(
        must_run({"openssl", "x509", "-noout", "-serial", "-in", scene_.home() / "broker/broker.crt.pem"}),
        before);
    const auto certificates = scene_.ask({"show", "broker"})["certificates"];
    ASSERT_EQ(certificates.size(), 2U);
    EXPECT_EQ(certificates[0]["state"], "retired");
    EXPECT_EQ(certificates[1]["state"], "active");
}

TEST_F(HostsTest, RefusesWhatWouldLoseEveryDevice) {
    EXPECT_EQ(scene_.ask({"hosts", "remove", "10.9.8.7"})["code"], "E-HOST-UNKNOWN");
    EXPECT_EQ(scene_.ask({"hosts", "remove", "127.0.0.1", "localhost"})["code"], "E-HOST-LAST");
    EXPECT_EQ(scene_.ask({"hosts", "add", "mqtts://broker"})["code"], "E-HOST-INVALID");
    EXPECT_EQ(hosts(), (Names{"127.0.0.1", "localhost"}));
}

TEST_F(HostsTest, TheKeyStaysAndBelongsToTheCertificate) {
    scene_.must({"hosts", "add", "10.9.8.7"});
    EXPECT_EQ(
        must_run({"openssl", "pkey", "-pubout", "-in", scene_.home() / "broker/broker.key.pem"}),
        must_run({"openssl", "x509", "-noout", "-pubkey", "-in", scene_.home() / "broker/broker.crt.pem"}));
}

TEST_F(HostsTest, AnEncryptedAuthorityAsksForItsPassphraseOnlyWhenThereIsSomethingToDo) {
    Scene scene;
    write_file(scene.file("pass"), "correct horse\n", kPrivateFile);
    const std::string pass = scene.file("pass");
    scene.must({"--passphrase-file", pass, "init", "127.0.0.1"});
    EXPECT_EQ(scene.ask({"hosts", "remove", "127.0.0.1"})["code"], "E-HOST-LAST");
    EXPECT_EQ(scene.ask({"hosts", "add", "10.9.8.7"})["code"], "E-PASSPHRASE-NEEDED");
    scene.must({"--passphrase-file", pass, "hosts", "add", "10.9.8.7"});
}

// A list of before this command existed has no version.
TEST_F(HostsTest, ReadsTheSettingsOfAnOlderHome) {
    auto settings = Json::parse(read_text(scene_.home() / "settings.json"));
    settings.erase("brokers_version");
    write_file(scene_.home() / "settings.json", settings.dump(), kPublicFile);
    EXPECT_EQ(scene_.ask({"hosts", "list"})["version"], 1);
    EXPECT_EQ(scene_.ask({"hosts", "add", "10.9.8.7"})["version"], 2);
}

}  // namespace
}  // namespace countersign::e2e
