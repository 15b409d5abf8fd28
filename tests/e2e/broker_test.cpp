// Who gets in, judged with mosquitto's own clients and openssl against the broker `countersign broker` runs.
#include <gtest/gtest.h>

#include "host/base/files.h"
#include "tests/e2e/support/program.h"

namespace countersign::e2e {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

CommandResult publish(const Scene& scene, const fs::path& folder, const std::string& name,
                      const std::string& topic, const std::string& message) {
    return run_command(
        mosquitto_client("mosquitto_pub", scene, folder, name, {"-t", topic, "-m", message, "-q", "1"}),
        seconds(15));
}

std::string state_of(const Scene& scene, const std::string& name, std::size_t index) {
    return scene.ask({"show", name})["certificates"][index]["state"];
}

void wait_for_state(const Scene& scene, const std::string& name, std::size_t index,
                    const std::string& state) {
    for (int tries = 0; tries < 100 && state_of(scene, name, index) != state; ++tries) ::usleep(50'000);
    EXPECT_EQ(state_of(scene, name, index), state);
}

TEST(Broker, CarriesMessagesBothWays) {
    Scene scene;
    scene.init();
    scene.must({"issue", "user1"});
    const auto broker = start_broker(scene);
    Background watch(scene.argv({"watch"}));
    ASSERT_TRUE(watch.wait_for("Connected"));
    Background device(mosquitto_client("mosquitto_sub", scene, scene.device("user1"), "user1",
                                       {"-t", "devices/user1/cmd/#", "-C", "1", "-d"}));
    ASSERT_TRUE(device.wait_for("SUBACK")) << device.output();
    scene.must({"send", "user1", "cmd/led", "on"});
    EXPECT_TRUE(device.wait_for("\non\n")) << device.output();
    EXPECT_EQ(publish(scene, scene.device("user1"), "user1", "devices/user1/state", "hello").exit_code, 0);
    EXPECT_TRUE(watch.wait_for("devices/user1/state")) << watch.output();
    EXPECT_TRUE(watch.wait_for("hello"));
    EXPECT_EQ(watch.interrupt(), 0);
}

TEST(Broker, RetiresTheOldCertificateOnlyOnceTheNewOneWasUsed) {
    Scene scene;
    scene.init();
    scene.must({"issue", "user1"});
    const auto broker = start_broker(scene);
    EXPECT_EQ(state_of(scene, "user1", 0), "pending");
    ASSERT_EQ(publish(scene, scene.device("user1"), "user1", "devices/user1/a", "1").exit_code, 0);
    wait_for_state(scene, "user1", 0, "active");
    fs::copy(scene.device("user1"), scene.file("old"));
    scene.must({"issue", "user1", "--replace"});
    EXPECT_EQ(publish(scene, scene.file("old"), "user1", "devices/user1/a", "2").exit_code, 0)
        << "the old one works";
    EXPECT_EQ(state_of(scene, "user1", 1), "pending");
    ASSERT_EQ(publish(scene, scene.device("user1"), "user1", "devices/user1/a", "3").exit_code, 0);
    wait_for_state(scene, "user1", 1, "active");
    EXPECT_EQ(state_of(scene, "user1", 0), "retired");
    EXPECT_NE(publish(scene, scene.file("old"), "user1", "devices/user1/a", "4").exit_code, 0)
        << "now it is out";
    EXPECT_TRUE(broker->wait_for("refused user1: its certificate is retired")) << broker->output();
}

TEST(Broker, RefusesStrangers) {
    Scene scene;
    Scene other;
    scene.init();
    other.init();
    other.must({"issue", "user1"});
    scene.must({"issue", "user1"});
    const auto broker = start_broker(scene);
    // A certificate of another authority, trusting our broker.
    fs::copy(other.device("user1"), scene.file("foreign"));
    fs::copy_file(scene.device("user1") / "ca.crt.pem", scene.file("foreign") / "ca.crt.pem",
                  fs::copy_options::overwrite_existing);
    EXPECT_NE(publish(scene, scene.file("foreign"), "user1", "devices/user1/a", "x").exit_code, 0);
    EXPECT_TRUE(broker->wait_for("not of this authority")) << broker->output();
    // No certificate at all.
    const auto bare =
        run_command({"mosquitto_pub", "-h", "127.0.0.1", "-p", std::to_string(scene.port()), "--cafile",
                     scene.device("user1") / "ca.crt.pem", "-i", "user1", "-t", "a", "-m", "x"},
                    seconds(15));
    EXPECT_NE(bare.exit_code, 0);
    EXPECT_TRUE(broker->wait_for("without a certificate")) << broker->output();
    // Signed by our own issuing key, but not in the registry: what a thief of that key could make.
    must_run({"openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
              "-keyout", scene.file("thief.key.pem"), "-subj", "/CN=thief", "-out", scene.file("thief.csr")});
    must_run({"openssl", "x509", "-req", "-in", scene.file("thief.csr"), "-CA",
              scene.home() / "authority/issuing.crt.pem", "-CAkey",
              scene.home() / "authority/issuing.key.pem", "-set_serial", "77", "-out",
              scene.file("thief.crt.pem")});
    fs::copy_file(scene.device("user1") / "ca.crt.pem", scene.file("ca.crt.pem"));
    EXPECT_NE(publish(scene, scene.file(""), "thief", "devices/thief/a", "x").exit_code, 0);
    EXPECT_TRUE(broker->wait_for("refused thief: its certificate is not registered")) << broker->output();
}

TEST(Broker, NobodyCanTakeOverAnothersSession) {
    Scene scene;
    scene.init();
    scene.must({"issue", "user1"});
    scene.must({"issue", "user2"});
    const auto broker = start_broker(scene);
    Background victim(mosquitto_client("mosquitto_sub", scene, scene.device("user1"), "user1",
                                       {"-t", "devices/user1/#", "-d"}));
    ASSERT_TRUE(victim.wait_for("SUBACK"));
    auto argv = mosquitto_client("mosquitto_pub", scene, scene.device("user2"), "user2",
                                 {"-t", "devices/user2/a", "-m", "x"});
    for (auto& argument : argv) {
        if (argument == "user2") argument = "user1";  // the client id
    }
    EXPECT_NE(run_command(argv, seconds(15)).exit_code, 0);
    EXPECT_TRUE(broker->wait_for("may not use this client id")) << broker->output();
    scene.must({"send", "user1", "cmd/still", "here"});
    EXPECT_TRUE(victim.wait_for("here")) << victim.output();
}

TEST(Broker, DeliversEveryQos1MessageAcrossACleanStop) {
    constexpr int kMessages = 300;
    Scene scene;
    scene.init();
    scene.must({"issue", "user1"});
    scene.must({"issue", "user2"});
    const auto subscribe = [&](std::vector<std::string> rest) {
        rest.insert(rest.end(), {"-t", "devices/user1/#", "-q", "1", "-c", "-d"});
        return std::make_unique<Background>(
            mosquitto_client("mosquitto_sub", scene, scene.device("user1"), "user1", rest));
    };
    auto broker = start_broker(scene);
    {
        const auto first = subscribe({});
        ASSERT_TRUE(first->wait_for("SUBACK"));
    }
    std::string lines;
    for (int i = 0; i < kMessages; ++i) lines += "message " + std::to_string(i) + "\n";
    auto argv = mosquitto_client("mosquitto_pub", scene, scene.home() / "operator", "operator",
                                 {"-t", "devices/user1/cmd/x", "-q", "1", "-l"});
    for (auto& argument : argv) {
        if (argument == "operator") argument = "operator~operator/test";
    }
    ASSERT_EQ(run_command(argv, seconds(30), lines).exit_code, 0);
    EXPECT_EQ(broker->interrupt(), 0);
    broker = start_broker(scene);
    const auto second = subscribe({"-C", std::to_string(kMessages)});
    for (int i = 0; i < kMessages; ++i) {
        ASSERT_TRUE(second->wait_for("\nmessage " + std::to_string(i) + "\n")) << i;
    }
}

TEST(Broker, SaysWhatKeepsItFromStarting) {
    Scene scene;
    EXPECT_EQ(scene.ask({"broker"})["code"], "E-HOME-MISSING");
    scene.init();
    const auto first = start_broker(scene);
    Scene second;
    second.must({"init", "127.0.0.1", "--no-passphrase", "--port", std::to_string(scene.port())});
    EXPECT_EQ(second.ask({"broker"})["code"], "E-PORT-IN-USE");
    EXPECT_EQ(scene.ask({"broker"})["code"], "E-HOME-BUSY");
    fs::remove(second.home() / "broker/broker.key.pem");
    first->process().stop();
    EXPECT_EQ(second.ask({"broker"})["code"], "E-FILE-READ");
}

TEST(Broker, ShowsAConfigurationMosquittoTakes) {
    Scene scene;
    scene.init();
    write_file(scene.file("mosquitto.conf"), scene.must({"broker", "--print-config"}), kPublicFile);
    const auto config = read_text(scene.file("mosquitto.conf"));
    for (const char* line :
         {"require_certificate true", "tls_version tlsv1.2", "allow_anonymous false", "set_tcp_nodelay true",
          "allow_zero_length_clientid false", "persistence true"}) {
        EXPECT_NE(config.find(line), std::string::npos) << line;
    }
    Background mosquitto({find_program("mosquitto"), "-c", scene.file("mosquitto.conf")});
    EXPECT_TRUE(mosquitto.wait_for(" running")) << mosquitto.output();
}

TEST(Watch, ShowsPayloadsThatCannotMoveTheCursor) {
    Scene scene;
    scene.init();
    scene.must({"issue", "user1"});
    const auto broker = start_broker(scene);
    Background watch(scene.argv({"watch", "-n", "1"}));
    ASSERT_TRUE(watch.wait_for("Connected"));
    publish(scene, scene.device("user1"), "user1", "devices/user1/a", "\x1b[2Jgr\xc3\xbc\xc3\x9f");
    EXPECT_TRUE(watch.wait_for("\\x1b[2Jgr\xc3\xbc\xc3\x9f")) << watch.output();
}

TEST(Watch, TellsInWordsWhyItCannotConnect) {
    Scene scene;
    scene.init();
    scene.must({"issue", "user1"});
    EXPECT_EQ(scene.ask({"send", "user1", "cmd/x", "y"})["code"], "E-BROKER-UNREACHABLE");
    Scene other;
    other.must({"init", "127.0.0.1", "--no-passphrase", "--port", std::to_string(scene.port())});
    other.must({"issue", "user1"});
    const auto broker = start_broker(scene);
    EXPECT_EQ(other.ask({"send", "user1", "cmd/x", "y"})["code"], "E-BROKER-UNTRUSTED");
    EXPECT_EQ(other.ask({"watch"})["code"], "E-BROKER-UNTRUSTED");
}

// A mistyped name is a topic like any other to the broker.
TEST(Send, IsForDevicesThatAreKnownAndSaysWhoIsNotConnected) {
    Scene scene;
    scene.init();
    scene.must({"issue", "user1"});
    scene.must({"issue", "anna", "--role", "operator"});
    const auto broker = start_broker(scene);
    const auto unknown = scene.ask({"send", "usr1", "cmd/x", "y"});
    EXPECT_EQ(unknown["code"], "E-NAME-UNKNOWN");
    const auto other_case = scene.ask({"send", "USER1", "cmd/x", "y"});
    EXPECT_EQ(other_case["code"], "E-NAME-UNKNOWN");
    EXPECT_NE(std::string(other_case["what"]).find("user1 is"), std::string::npos) << other_case;
    EXPECT_EQ(scene.ask({"send", "anna", "cmd/x", "y"})["code"], "E-NAME-UNKNOWN");
    EXPECT_EQ(scene.ask({"send", "user1", "cmd/x", "y"})["connected"], false);
    EXPECT_NE(scene.must({"send", "user1", "cmd/x", "y"}).find("user1 is not connected"), std::string::npos);
    Background device(mosquitto_client("mosquitto_sub", scene, scene.device("user1"), "user1",
                                       {"-t", "devices/user1/cmd/#", "-d"}));
    ASSERT_TRUE(device.wait_for("SUBACK")) << device.output();
    const auto sent = scene.ask({"send", "user1", "cmd/x", "y"});
    EXPECT_EQ(sent["connected"], true) << sent;
}

}  // namespace
}  // namespace countersign::e2e
