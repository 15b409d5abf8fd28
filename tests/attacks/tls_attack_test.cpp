// Weak TLS, offered to our broker by openssl's client and to our client by openssl's server. What openssl
// says of the handshake is believed, not what we say.
#include <algorithm>
#include <thread>

#include "host/base/files.h"
#include "host/base/subprocess.h"
#include "host/transport/probe.h"
#include "tests/unit/broker/live_broker.h"

namespace countersign::broker {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// CBC, and key exchanges that a key stolen later opens. SECLEVEL=0: openssl itself is to refuse nothing.
const std::vector<std::string> kWeak{"ECDHE-ECDSA-AES128-SHA256",
                                     "ECDHE-ECDSA-AES256-SHA",
                                     "ECDHE-RSA-AES128-SHA256",
                                     "AES128-GCM-SHA256",
                                     "AES256-SHA",
                                     "ECDHE-ECDSA-NULL-SHA"};
const std::vector<std::string> kGood{"ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384",
                                     "ECDHE-ECDSA-CHACHA20-POLY1305"};

std::vector<std::string> with(std::vector<std::string> argv, const std::vector<std::string>& more) {
    argv.insert(argv.end(), more.begin(), more.end());
    return argv;
}

class BrokersTls : public testing::Test {
  protected:
    // What openssl's client says, with these options of its own.
    std::string dial(const std::vector<std::string>& options) const {
        const auto& kitchen = authority().client("kitchen");
        std::string command = "openssl s_client -connect 127.0.0.1:" + std::to_string(broker.settings.port) +
                              " -CAfile " + authority().certificate().string() + " -cert " +
                              kitchen.certificate.string() + " -key " + kitchen.key.string();
        for (const auto& option : options) command += " '" + option + "'";
        return run_command({"sh", "-c", command + " </dev/null 2>&1"}, seconds(20)).output;
    }

    LiveBroker broker;
};

TEST_F(BrokersTls, OffersOfAWeakCipherAreTurnedAway) {
    broker.start();
    for (const auto& cipher : kGood) {
        EXPECT_NE(dial({"-tls1_2", "-cipher", cipher + ":@SECLEVEL=0"}).find("Cipher is " + cipher),
                  std::string::npos)
            << cipher;
    }
    EXPECT_NE(dial({"-tls1_3"}).find("TLSv1.3, Cipher is TLS_"), std::string::npos);
    for (const auto& cipher : kWeak) {
        const std::string said = dial({"-tls1_2", "-cipher", cipher + ":@SECLEVEL=0"});
        EXPECT_NE(said.find("handshake failure"), std::string::npos) << cipher << "\n" << said;
        EXPECT_NE(said.find("Cipher is (NONE)"), std::string::npos) << cipher << "\n" << said;
    }
    const std::string old = dial({"-tls1_1", "-cipher", "ALL:@SECLEVEL=0"});
    EXPECT_NE(old.find("Cipher is (NONE)"), std::string::npos) << old;
}

class ClientsTls : public testing::Test {
  protected:
    ClientsTls() {
        const std::string key = (folder.path / "rsa.key").string(), certificate = rsa().string();
        (void)run_command(
            {"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=broker",
             "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate},
            seconds(30));
    }
    [[nodiscard]] std::filesystem::path rsa() const { return folder.path / "rsa.crt"; }

    // What openssl's server says of our client's handshake with it, when this cipher is all it has.
    std::string serve(const std::string& cipher, const std::vector<std::string>& more) {
        const bool is_rsa = cipher.find("ECDSA") == std::string::npos;
        const std::string certificate = is_rsa ? rsa().string() : server.certificate.string();
        const std::string key = is_rsa ? (folder.path / "rsa.key").string() : server.key.string();
        const auto port = free_port();
        const std::string log = (folder.path / "said").string();
        std::filesystem::remove(log);  // the server before this one has said ACCEPT in it
        ChildProcess child(with({"sh", "-c", "exec \"$@\" >" + log + " 2>&1", "sh", "openssl", "s_server",
                                 "-accept", "127.0.0.1:" + std::to_string(port), "-naccept", "1", "-cert",
                                 certificate, "-key", key, "-cipher", cipher + ":@SECLEVEL=0", "-rev"},
                                more));
        const auto says = [&](const std::string& part) {
            for (int i = 0; i < 500 && slurp(log).find(part) == std::string::npos; ++i)
                std::this_thread::sleep_for(milliseconds(20));
        };
        says("ACCEPT");
        const auto& kitchen = authority().client("kitchen");
        transport::Options options;
        options.brokers = {{.host = "127.0.0.1", .port = port}};
        options.client_id = "kitchen";
        options.certificate = kitchen.certificate;
        options.key = kitchen.key;
        options.anchors = is_rsa ? rsa() : authority().certificate();
        options.connect_timeout = seconds(2);
        (void)transport::Probe(std::move(options)).connect();
        for (int i = 0; i < 500 && !child.ended(); ++i) std::this_thread::sleep_for(milliseconds(20));
        child.stop();
        return slurp(log);
    }

    TemporaryFolder folder;
    Identity server = authority().server();
};

TEST_F(ClientsTls, AServerWithAWeakCipherIsNotSpokenTo) {
    for (const auto& cipher : {kGood[0], kGood[2], std::string("ECDHE-RSA-AES128-GCM-SHA256")}) {
        EXPECT_NE(serve(cipher, {"-tls1_2"}).find("Ciphersuite: " + cipher), std::string::npos) << cipher;
    }
    for (const auto& cipher : kWeak) {
        const std::string said = serve(cipher, {"-tls1_2"});
        EXPECT_NE(said.find("no shared cipher"), std::string::npos) << cipher << "\n" << said;
    }
    EXPECT_EQ(serve("ECDHE-ECDSA-AES128-SHA", {"-tls1_1"}).find("Ciphersuite:"), std::string::npos);
}

}  // namespace
}  // namespace countersign::broker
