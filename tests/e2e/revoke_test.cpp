// Out, now: `revoke`, `hold` and `reinstate` against the broker `countersign broker` runs, judged with
// mosquitto's own clients and openssl.
#include <gtest/gtest.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <random>

#include "host/base/files.h"
#include "host/registry/registry.h"
#include "tests/e2e/support/program.h"

namespace countersign::e2e {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

bool gets_in(const Scene& scene, const std::string& name) {
    return run_command(mosquitto_client("mosquitto_pub", scene, scene.device(name), name,
                                        {"-t", "devices/" + name + "/a", "-m", "x", "-q", "1"}),
                       seconds(15))
               .exit_code == 0;
}

std::unique_ptr<Background> listen(const Scene& scene, const std::string& name) {
    auto listener = std::make_unique<Background>(mosquitto_client(
        "mosquitto_sub", scene, scene.device(name), name, {"-t", "devices/" + name + "/#", "-d"}));
    EXPECT_TRUE(listener->wait_for("SUBACK")) << listener->output();
    return listener;
}

std::string crl(const Scene& scene) {
    return scene.home() / "crl/issuing.crl.pem";
}

// What `openssl verify -crl_check` says of a device's certificate.
std::string verdict(const Scene& scene, const std::string& name) {
    return run_command({"openssl", "verify", "-crl_check", "-partial_chain", "-x509_strict", "-CRLfile",
                        crl(scene), "-trusted", scene.home() / "authority/issuing.crt.pem",
                        scene.device(name) / (name + ".crt.pem")},
                       seconds(15))
        .output;
}

std::string crl_text(const Scene& scene) {
    return must_run({"openssl", "crl", "-in", crl(scene), "-noout", "-text"});
}

class Revoke : public testing::Test {
  protected:
    Revoke() {
        scene.init();
        scene.must({"issue", "user1"});
        scene.must({"issue", "user2"});
    }
    Scene scene;
};

TEST_F(Revoke, EndsTheLiveSessionAndProvesThatNobodyComesBack) {
    const auto broker = start_broker(scene);
    const auto victim = listen(scene, "user1");
    const auto other = listen(scene, "user2");
    const auto answer = scene.ask({"revoke", "user1", "--reason", "keycompromise"});
    EXPECT_EQ(answer["exit"], 0) << answer;
    EXPECT_EQ(answer["changed"], 1);
    EXPECT_EQ(answer["sessions_ended"], 1);
    EXPECT_EQ(answer["sessions_left"], 0);
    EXPECT_EQ(answer["connect_refused"], true);
    EXPECT_EQ(answer["resumed_refused"], true);
    EXPECT_TRUE(answer["milliseconds"].is_number()) << answer;
    EXPECT_TRUE(broker->wait_for("ended the session of user1: its certificate is revoked"));
    EXPECT_TRUE(victim->wait_for("CONNACK (5)")) << victim->output();  // it tries again, and is told
    EXPECT_FALSE(gets_in(scene, "user1"));
    scene.must({"send", "user2", "cmd/still", "here"});
    EXPECT_TRUE(other->wait_for("here"));
    EXPECT_EQ(scene.ask({"show", "user1"})["certificates"][0]["state"], "revoked");
}

TEST_F(Revoke, IsDoneOnceAndSaidAgain) {
    const auto broker = start_broker(scene);
    EXPECT_NE(scene.must({"revoke", "user1"}).find("Revoked user1 (1 certificate)."), std::string::npos);
    const auto again = scene.must({"revoke", "USER1"});
    EXPECT_NE(again.find("user1 was revoked before."), std::string::npos) << again;
    EXPECT_NE(again.find("a new connection is refused"), std::string::npos) << again;
}

TEST_F(Revoke, SaysWhatCannotBeRevoked) {
    EXPECT_EQ(scene.ask({"revoke", "nobody"})["code"], "E-NAME-UNKNOWN");
    EXPECT_EQ(scene.ask({"revoke", "broker"})["code"], "E-NAME-RESERVED");
    EXPECT_EQ(scene.ask({"revoke", "operator"})["code"], "E-NAME-RESERVED");
    const auto odd = scene.ask({"revoke", "user1", "--reason", "certificateHold"});
    EXPECT_EQ(odd["exit"], 2);
    EXPECT_EQ(scene.ask({"reinstate", "user1"})["code"], "E-CERT-STATE");
    scene.must({"revoke", "user1"});
    EXPECT_EQ(scene.ask({"reinstate", "user1"})["code"], "E-CERT-STATE");
    EXPECT_EQ(scene.ask({"hold", "user1"})["code"], "E-CERT-STATE");
}

TEST_F(Revoke, EndsEveryCertificateOfTheDevice) {
    scene.must({"issue", "user1", "--replace"});
    EXPECT_EQ(scene.ask({"revoke", "user1"})["changed"], 2);
    const auto shown = scene.ask({"show", "user1"});
    for (const auto& certificate : shown["certificates"]) {
        EXPECT_EQ(certificate["state"], "revoked");
    }
}

TEST_F(Revoke, WithoutABrokerHoldsFromItsStart) {
    const auto answer = scene.ask({"revoke", "user1"});
    EXPECT_EQ(answer["exit"], 0);
    EXPECT_EQ(answer["broker_asked"], false);
    EXPECT_NE(scene.must({"revoke", "user1"}).find("when it next starts"), std::string::npos);
    const auto broker = start_broker(scene);
    EXPECT_FALSE(gets_in(scene, "user1"));
    EXPECT_TRUE(gets_in(scene, "user2"));
}

// Whoever answers on the broker's port may let the thief go on: it was not asked, so nothing is proven.
TEST_F(Revoke, AnotherBrokerOnThePortProvesNothing) {
    Scene other;
    other.set_port(scene.port());
    other.init();
    const auto foreign = start_broker(other);
    for (const char* command : {"revoke", "hold"}) {
        const auto answer = scene.ask({command, command == std::string("hold") ? "user2" : "user1"});
        EXPECT_EQ(answer["exit"], 1) << answer;
        EXPECT_EQ(answer["code"], "E-REVOCATION-UNPROVEN") << answer;
    }
    const auto shown = scene.ask({"show", "user1"});
    EXPECT_EQ(shown["certificates"][0]["state"], "revoked") << "the registry has it all the same";
}

// A Mosquitto of one's own with our certificates and without the plugin: everybody of the CA gets in.
TEST_F(Revoke, ABrokerWithoutThePluginIsCaughtLettingTheDeviceIn) {
    for (const char* file : {"broker.key.pem", "broker.crt.pem", "ca.pem"})
        fs::copy_file(scene.home() / "broker" / file, scene.file(file));
    fs::permissions(scene.file("broker.key.pem"), fs::perms::all);
    write_file(scene.file("mosquitto.conf"),
               "allow_anonymous true\nlistener " + std::to_string(scene.port()) + " 127.0.0.1\ncafile " +
                   scene.file("ca.pem").string() + "\ncertfile " + scene.file("broker.crt.pem").string() +
                   "\nkeyfile " + scene.file("broker.key.pem").string() + "\nrequire_certificate true\n",
               kPublicFile);
    Background mosquitto({find_program("mosquitto"), "-c", scene.file("mosquitto.conf")});
    ASSERT_TRUE(mosquitto.wait_for(" running")) << mosquitto.output();
    const auto answer = scene.ask({"revoke", "user1"});
    EXPECT_EQ(answer["exit"], 1) << answer;
    EXPECT_EQ(answer["code"], "E-REVOCATION-UNPROVEN") << answer;
    EXPECT_NE(std::string(answer["what"]).find("still lets user1 in"), std::string::npos) << answer;
}

// A list whose keys take their time: whoever wants to change something has a turn between its batches.
TEST_F(Revoke, OvertakesAListThatIsBeingIssued) {
    std::string list = "name,key\n";
    for (int i = 0; i < 12; ++i) list += "slow" + std::to_string(i) + ",rsa4096\n";
    write_file(scene.file("list.csv"), list, kPublicFile);
    Background issue(scene.argv({"issue", "--csv", scene.file("list.csv")}));
    for (int tries = 0; tries < 400 && scene.ask({"list", "slow*"})["devices"].empty(); ++tries)
        ::usleep(20'000);
    scene.must({"issue", "slow11"});
    EXPECT_EQ(scene.ask({"revoke", "user1"})["exit"], 0);
    EXPECT_FALSE(issue.process().ended()) << "it waited for the list";
    EXPECT_TRUE(issue.wait_for("Made 11 certificates", std::chrono::seconds(120))) << issue.output();
    EXPECT_NE(issue.output().find("1 had one already"), std::string::npos) << issue.output();
    EXPECT_EQ(scene.ask({"list", "slow*"})["devices"].size(), 12U);
    EXPECT_EQ(scene.ask({"show", "slow11"})["certificates"].size(), 1U) << "the name was looked up again";
    EXPECT_EQ(scene.ask({"doctor", "--files"})["complaints"], 0);
}

TEST_F(Revoke, HoldKeepsOutUntilReinstated) {
    const auto broker = start_broker(scene);
    const auto victim = listen(scene, "user1");
    const auto held = scene.ask({"hold", "user1", "--reason", "lost in transit"});
    EXPECT_EQ(held["sessions_ended"], 1) << held;
    EXPECT_EQ(held["connect_refused"], true);
    EXPECT_TRUE(victim->wait_for("CONNACK (5)")) << victim->output();
    EXPECT_FALSE(gets_in(scene, "user1"));
    EXPECT_NE(scene.must({"hold", "user1"}).find("was held before"), std::string::npos);
    EXPECT_EQ(scene.ask({"reinstate", "user1"})["changed"], 1);
    EXPECT_TRUE(gets_in(scene, "user1"));
    EXPECT_EQ(scene.ask({"show", "user1"})["events"][2]["detail"], "lost in transit");
}

// What a kill -9 between the registry's commit and the admission file leaves.
TEST_F(Revoke, CommittedButNotPublishedIsFinishedByTheBrokersStart) {
    const SystemClock clock;
    registry::Registry::open(scene.home() / "registry.db", clock).revoke("user1", "unspecified");
    const auto broker = start_broker(scene);
    EXPECT_FALSE(gets_in(scene, "user1"));
}

TEST_F(Revoke, CommittedButNotPublishedIsFinishedByTheNextCommand) {
    const auto broker = start_broker(scene);
    const auto victim = listen(scene, "user1");
    const SystemClock clock;
    registry::Registry::open(scene.home() / "registry.db", clock).revoke("user1", "unspecified");
    scene.must({"hold", "user2"});
    EXPECT_TRUE(broker->wait_for("ended the session of user1"));
    EXPECT_FALSE(gets_in(scene, "user1"));
}

TEST_F(Revoke, KilledAnywhereTheSameCommandFinishes) {
    const auto broker = start_broker(scene);
    std::mt19937 random(7);
    for (int round = 0; round < 20; ++round) {
        const std::string name = "victim" + std::to_string(round);
        scene.must({"issue", name});
        {
            ChildProcess killed(scene.argv({"revoke", name}));
            ::usleep(static_cast<useconds_t>(random() % 60'000));
            killed.signal(SIGKILL);
        }
        const auto answer = scene.ask({"revoke", name});
        EXPECT_EQ(answer["exit"], 0) << answer;
        EXPECT_EQ(answer["connect_refused"], true) << answer;
    }
    EXPECT_NE(verdict(scene, "victim19").find("certificate revoked"), std::string::npos);
}

TEST_F(Revoke, TheListSaysItToOtherSoftware) {
    scene.must({"issue", "user3"});
    scene.must({"revoke", "user1", "--reason", "keyCompromise"});
    scene.must({"hold", "user3"});
    EXPECT_NE(verdict(scene, "user1").find("certificate revoked"), std::string::npos);
    EXPECT_NE(verdict(scene, "user3").find("certificate revoked"), std::string::npos);
    EXPECT_NE(verdict(scene, "user2").find(": OK"), std::string::npos) << verdict(scene, "user2");
    const auto text = crl_text(scene);
    for (const char* part : {"Version 2", "X509v3 CRL Number", "X509v3 Authority Key Identifier",
                             "Next Update", "Key Compromise", "Certificate Hold"}) {
        EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
    }
    must_run({"openssl", "crl", "-in", crl(scene), "-noout", "-CAfile",
              scene.home() / "authority/issuing.crt.pem", "-verify"});
    EXPECT_NE(must_run({"certtool", "--crl-info", "--infile", crl(scene)}).find("Revoked certificates (2)"),
              std::string::npos);
    scene.must({"reinstate", "user3"});
    EXPECT_NE(verdict(scene, "user3").find(": OK"), std::string::npos);
    EXPECT_NE(verdict(scene, "user1").find("certificate revoked"), std::string::npos);
}

TEST_F(Revoke, TheListsNumberCountsUp) {
    const auto first = scene.ask({"crl"});
    const auto second = scene.ask({"crl"});
    EXPECT_EQ(first["exit"], 0);
    EXPECT_LT(first["number"].get<int>(), second["number"].get<int>());
}

// The list needs the authority's key; being out does not.
// Somebody is asked for the passphrase, and gone for lunch.
TEST(RevokeEncrypted, DoesNotWaitForSomebodyAtAPrompt) {
    Scene scene;
    ::setenv("COUNTERSIGN_PASSPHRASE", "correct horse", 1);
    scene.must({"init", "127.0.0.1", "--port", std::to_string(free_port())});
    scene.must({"issue", "user1"});
    ::unsetenv("COUNTERSIGN_PASSPHRASE");
    const auto command = scene.argv({"issue", "user2"});
    std::vector<char*> argv;
    for (const auto& argument : command) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    int terminal = -1;
    const pid_t asked = ::forkpty(&terminal, nullptr, nullptr, nullptr);
    if (asked == 0) {
        ::execv(argv[0], argv.data());
        ::_exit(127);
    }
    std::string said;
    char chunk[256];
    while (said.find("Passphrase") == std::string::npos) {
        const ssize_t got = ::read(terminal, chunk, sizeof chunk);
        ASSERT_GT(got, 0) << said;
        said.append(chunk, static_cast<std::size_t>(got));
    }
    EXPECT_EQ(scene.ask({"revoke", "user1"})["exit"], 0);
    const std::string typed = "correct horse\n";
    EXPECT_EQ(::write(terminal, typed.data(), typed.size()), static_cast<ssize_t>(typed.size()));
    while (::read(terminal, chunk, sizeof chunk) > 0) {  // until it hangs up
    }
    int status = -1;
    EXPECT_EQ(::waitpid(asked, &status, 0), asked);
    EXPECT_EQ(status, 0);
    ::close(terminal);
    EXPECT_EQ(scene.ask({"list"})["devices"].size(), 2U);
}

TEST(RevokeEncrypted, NeedsNoPassphrase) {
    Scene scene;
    ::setenv("COUNTERSIGN_PASSPHRASE", "correct horse", 1);
    scene.must({"init", "127.0.0.1", "--port", std::to_string(free_port())});
    scene.must({"issue", "user1"});
    ::unsetenv("COUNTERSIGN_PASSPHRASE");
    const auto said = scene.must({"revoke", "user1"});
    EXPECT_NE(said.find("countersign crl"), std::string::npos) << said;
    EXPECT_FALSE(fs::exists(crl(scene)));
    ::setenv("COUNTERSIGN_PASSPHRASE", "correct horse", 1);
    scene.must({"crl"});
    ::unsetenv("COUNTERSIGN_PASSPHRASE");
    EXPECT_NE(verdict(scene, "user1").find("certificate revoked"), std::string::npos);
}

}  // namespace
}  // namespace countersign::e2e
