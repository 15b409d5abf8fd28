// What is revoked here is revoked for software that knows nothing of us: OpenSSL, GnuTLS, nginx, each with
// the files of crl/ and nothing of ours beside them.
#include <gtest/gtest.h>

#include <algorithm>

#include "host/base/files.h"
#include "tests/e2e/support/program.h"

namespace countersign::e2e {
namespace {

namespace fs = std::filesystem;

class RevocationAttack : public ::testing::Test {
  protected:
    void SetUp() override {
        scene_.init();
        scene_.must({"issue", "good"});
        scene_.must({"issue", "thief"});
        scene_.must({"revoke", "thief", "--reason", "keyCompromise"});
        scene_.must({"crl"});
    }
    [[nodiscard]] fs::path crl(const std::string& file) const { return scene_.home() / "crl" / file; }
    [[nodiscard]] fs::path certificate(const std::string& name) const {
        return scene_.device(name) / (name + ".crt.pem");
    }
    // `openssl verify -crl_check_all` with the CAs the broker trusts.
    [[nodiscard]] CommandResult verify(const fs::path& leaf, const fs::path& lists) const {
        return run_command({"openssl", "verify", "-x509_strict", "-crl_check_all", "-CRLfile", lists,
                            "-CAfile", scene_.home() / "broker/ca.pem", leaf},
                           std::chrono::seconds(10));
    }
    // Every revocation list below the home, and every CA it could be of.
    [[nodiscard]] std::vector<fs::path> lists() const {
        std::vector<fs::path> all;
        for (const auto& entry : fs::recursive_directory_iterator(scene_.home())) {
            if (entry.is_regular_file() && entry.file_size() < 1'000'000 &&
                read_text(entry.path()).find("BEGIN X509 CRL") != std::string::npos)
                all.push_back(entry.path());
        }
        return all;
    }

    Scene scene_;
};

TEST_F(RevocationAttack, OpensslChecksEveryCaOfTheChain) {
    const auto good = verify(certificate("good"), crl("chain.crl.pem"));
    EXPECT_EQ(good.exit_code, 0) << good.output;
    const auto thief = verify(certificate("thief"), crl("chain.crl.pem"));
    EXPECT_NE(thief.output.find("certificate revoked"), std::string::npos) << thief.output;
    // The check can fail: half of the lists are not enough.
    EXPECT_NE(
        verify(certificate("good"), crl("issuing.crl.pem")).output.find("unable to get certificate CRL"),
        std::string::npos);
}

TEST_F(RevocationAttack, NoListInTheHomeUnRevokesAnybody) {
    const auto found = lists();
    ASSERT_FALSE(found.empty());
    for (const auto& list : found) {
        const auto result = verify(certificate("thief"), list);
        EXPECT_NE(result.exit_code, 0) << list << " lets the thief in: " << result.output;
        const auto alone =
            run_command({"openssl", "verify", "-partial_chain", "-crl_check", "-CRLfile", list, "-trusted",
                         scene_.home() / "authority/issuing.crt.pem", certificate("thief")},
                        std::chrono::seconds(10));
        EXPECT_NE(alone.exit_code, 0) << list << " lets the thief in: " << alone.output;
        EXPECT_EQ(must_run({"openssl", "crl", "-in", list, "-noout", "-nextupdate"}).find("9999"),
                  std::string::npos)
            << list;
    }
    EXPECT_FALSE(fs::exists(scene_.home() / "broker/crl.pem"));
}

// The CAs come and go while Mosquitto runs, without a list of any.
TEST_F(RevocationAttack, TheBrokerNeedsNoListForANewCa) {
    const auto broker = start_broker(scene_);
    EXPECT_EQ(read_text(scene_.home() / "broker/mosquitto.conf").find("\ncrlfile"), std::string::npos);
    const auto publish = [&](const std::string& name) {
        return run_command(mosquitto_client("mosquitto_pub", scene_, scene_.device(name), name,
                                            {"-t", "devices/" + name + "/state", "-m", "x", "-q", "1"}),
                           std::chrono::seconds(15))
            .exit_code;
    };
    scene_.must({"rollover", "issuing"});
    scene_.must({"issue", "newer"});
    EXPECT_EQ(publish("good"), 0);
    EXPECT_EQ(publish("newer"), 0);
    EXPECT_NE(publish("thief"), 0);
    scene_.must({"rollover", "root", "start"});
    scene_.must({"issue", "newest"});
    for (const auto* name : {"good", "newer", "newest"}) {
        EXPECT_EQ(publish(name), 0) << name;
        const auto result = verify(certificate(name), crl("chain.crl.pem"));
        EXPECT_EQ(result.exit_code, 0) << name << ": " << result.output;
    }
    EXPECT_NE(verify(certificate("thief"), crl("chain.crl.pem")).exit_code, 0);
    // No two CAs of one name: software that keeps CAs by name would take one for the other.
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(scene_.home() / "broker/cas")) {
        names.push_back(must_run({"openssl", "x509", "-in", entry.path(), "-noout", "-subject"}));
    }
    std::sort(names.begin(), names.end());
    EXPECT_EQ(names.size(), 5u);
    EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
}

TEST_F(RevocationAttack, AStolenIssuingCaIsOnTheRootsList) {
    const auto stolen = must_run(
        {"openssl", "x509", "-in", scene_.home() / "authority/issuing.crt.pem", "-noout", "-serial"});
    const std::string serial = stolen.substr(stolen.find('=') + 1, stolen.find('\n') - stolen.find('=') - 1);
    scene_.must({"rollover", "compromised", "--after", "2020-01-01"});
    const auto text = [&] {
        return must_run({"openssl", "crl", "-in", crl("root.crl.pem"), "-noout", "-text"});
    };
    EXPECT_NE(text().find("Serial Number: " + serial), std::string::npos) << text();
    EXPECT_NE(text().find("Key Compromise"), std::string::npos);
    // It stays there, whoever signs the list next.
    scene_.must({"rollover", "issuing"});
    EXPECT_NE(text().find("Serial Number: " + serial), std::string::npos) << text();
    EXPECT_NE(verify(certificate("good"), crl("chain.crl.pem")).output.find("certificate revoked"),
              std::string::npos);
    scene_.must({"issue", "newer"});
    EXPECT_EQ(verify(certificate("newer"), crl("chain.crl.pem")).exit_code, 0);
}

TEST_F(RevocationAttack, NginxTurnsTheThiefAway) {
    const std::string program = find_program("nginx");
    if (program.empty()) GTEST_SKIP() << "nginx is not installed: apt install nginx";
    const auto port = free_port();
    const auto folder = scene_.file("nginx");
    fs::create_directories(folder);
    const std::string broker = scene_.home() / "broker";
    write_file(
        folder / "nginx.conf",
        "daemon off;\nmaster_process off;\npid " + (folder / "pid").string() +
            ";\nerror_log stderr notice;\nevents {}\nhttp {\n" + "access_log off;\nclient_body_temp_path " +
            (folder / "body").string() + ";\nproxy_temp_path " + (folder / "proxy").string() +
            ";\nfastcgi_temp_path " + (folder / "fastcgi").string() + ";\nuwsgi_temp_path " +
            (folder / "uwsgi").string() + ";\nscgi_temp_path " + (folder / "scgi").string() +
            ";\nserver {\nlisten 127.0.0.1:" + std::to_string(port) + " ssl;\nssl_certificate " + broker +
            "/broker.crt.pem;\nssl_certificate_key " + broker + "/broker.key.pem;\nssl_client_certificate " +
            broker + "/ca.pem;\nssl_verify_client on;\nssl_verify_depth 3;\nssl_crl " +
            crl("chain.crl.pem").string() + ";\nlocation / { return 200 'let in'; }\n}\n}\n",
        kPublicFile);
    Background nginx({program, "-e", "stderr", "-c", folder / "nginx.conf"});
    const auto ask = [&](const std::string& name) {
        return run_command({"openssl", "s_client", "-quiet", "-connect", "127.0.0.1:" + std::to_string(port),
                            "-cert", certificate(name), "-key", scene_.device(name) / (name + ".key.pem")},
                           std::chrono::seconds(10), "GET / HTTP/1.0\r\n\r\n")
            .output;
    };
    for (int tries = 0;
         tries < 200 && ask("good").find("HTTP/1.1") == std::string::npos && !nginx.process().ended();
         ++tries)
        ::usleep(20'000);
    EXPECT_NE(ask("good").find("let in"), std::string::npos) << ask("good");
    const auto thief = ask("thief");
    EXPECT_EQ(thief.find("let in"), std::string::npos) << thief;
    EXPECT_NE(thief.find("400 The SSL certificate error"), std::string::npos) << thief;
}

}  // namespace
}  // namespace countersign::e2e
