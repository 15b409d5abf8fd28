// Keys that come back: a revoked one under the same or another name, another's, the authority's own. What
// makes the requests is the openssl program, by keys it was given.
#include <gtest/gtest.h>

#include "host/base/files.h"
#include "tests/e2e/support/program.h"

namespace countersign::e2e {
namespace {

namespace fs = std::filesystem;

class KeyHistoryAttack : public ::testing::Test {
  protected:
    void SetUp() override { scene_.init(); }

    // A request of this name with this key.
    [[nodiscard]] std::string request(const fs::path& key, const std::string& name) const {
        const std::string file = scene_.file(name + ".csr");
        must_run({"openssl", "req", "-new", "-key", key, "-subj", "/CN=" + name, "-out", file});
        return file;
    }
    [[nodiscard]] fs::path new_key(const std::string& name, const std::vector<std::string>& kind) const {
        const fs::path file = scene_.file(name + ".key");
        std::vector<std::string> argv{"openssl", "genpkey", "-out", file};
        argv.insert(argv.end(), kind.begin(), kind.end());
        must_run(argv);
        return file;
    }
    [[nodiscard]] Json issue(const fs::path& key, const std::string& name,
                             std::vector<std::string> more = {}) const {
        more.insert(more.begin(), {"issue", name, "--csr", request(key, name)});
        return scene_.ask(more);
    }
    void expect_used(const Json& answer, const std::string& whose) const {
        EXPECT_EQ(answer["code"], "E-KEY-USED") << answer;
        EXPECT_NE(answer.dump().find(whose), std::string::npos) << answer;
        EXPECT_NE(std::string(answer["cure"]).find("make a new key"), std::string::npos) << answer;
    }
    Scene scene_;
    const std::vector<std::string> kP256{"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"};
};

TEST_F(KeyHistoryAttack, ARevokedKeyComesBack) {
    for (const auto& kind : {kP256, {"-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"}}) {
        const std::string name = kind[1] + "-device";
        const auto key = new_key(name, kind);
        EXPECT_EQ(issue(key, name)["exit"], 0);
        EXPECT_EQ(issue(key, name, {"--replace"})["exit"], 0) << "the same device may keep its key";
        scene_.must({"revoke", name});
        expect_used(issue(key, name, {"--replace"}), "revoked");
        expect_used(issue(key, "other-" + name), name);
        expect_used(issue(key, "person-" + name, {"--role", "operator"}), name);
        scene_.must({"issue", name, "--replace"});  // the device goes on with another key
        expect_used(issue(key, name, {"--replace"}), "revoked");
        EXPECT_EQ(issue(new_key(name + "2", kind), name, {"--replace"})["exit"], 0);
    }
}

TEST_F(KeyHistoryAttack, AnothersKeyIsShown) {
    scene_.must({"issue", "user1"});
    fs::copy_file(scene_.device("user1") / "user1.key.pem", scene_.file("copied"));
    expect_used(issue(scene_.file("copied"), "mallory"), "user1");
    expect_used(issue(scene_.file("copied"), "mallory", {"--role", "operator"}), "user1");
    scene_.must({"issue", "user1", "--replace"});
    expect_used(issue(scene_.file("copied"), "mallory"), "user1");
    EXPECT_FALSE(fs::exists(scene_.device("mallory")));
    EXPECT_EQ(scene_.ask({"show", "mallory"})["code"], "E-NAME-UNKNOWN");
}

TEST_F(KeyHistoryAttack, AKeyOfTheAuthoritysOwnIsShown) {
    {
        Background signer(scene_.argv({"signer"}));  // makes the responder's identity
        ASSERT_TRUE(signer.wait_for("signer is ready")) << signer.output();
        EXPECT_EQ(signer.interrupt(), 0);
    }
    const fs::path home = scene_.home();
    for (const auto& [key, whose] :
         {std::pair<fs::path, std::string>{home / "authority/root.key.pem", "Root"},
          {home / "authority/issuing.key.pem", "Issuing"},
          {home / "broker/broker.key.pem", "broker"},
          {home / "operator/operator.key.pem", "operator"},
          {home / "responder/responder.key.pem", "responder"}}) {
        expect_used(issue(key, "mallory"), whose);
    }
    fs::copy_file(home / "broker/broker.key.pem", scene_.file("former"));
    scene_.must({"renew", "broker", "--new-key"});
    expect_used(issue(scene_.file("former"), "mallory"), "broker");
}

// By another encoding of the same number a key would have another hash: BER, lengths longer than need be.
TEST_F(KeyHistoryAttack, ARevokedKeyInAnotherEncoding) {
    const auto key = new_key("user1", {"-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"});
    EXPECT_EQ(issue(key, "user1")["exit"], 0);
    scene_.must({"revoke", "user1"});
    must_run(
        {"openssl", "req", "-in", request(key, "mallory"), "-outform", "DER", "-out", scene_.file("der")});
    auto der = read_file(scene_.file("der"));
    // RSAPublicKey as openssl writes it: 30 82 01 0a 02 82 01 01 00 …; its length once more, in three bytes.
    const std::vector<std::uint8_t> begin{0x03, 0x82, 0x01, 0x0f, 0x00, 0x30, 0x82, 0x01, 0x0a};
    const auto at = std::search(der.begin(), der.end(), begin.begin(), begin.end());
    ASSERT_NE(at, der.end());
    const auto offset = at - der.begin();
    const auto lengthen = [&](std::ptrdiff_t place) {  // a two-byte length of one more
        const int length =
            der[static_cast<std::size_t>(place)] << 8 | der[static_cast<std::size_t>(place + 1)];
        der[static_cast<std::size_t>(place)] = static_cast<std::uint8_t>((length + 1) >> 8);
        der[static_cast<std::size_t>(place + 1)] = static_cast<std::uint8_t>(length + 1);
    };
    lengthen(offset + 2);
    der[static_cast<std::size_t>(offset + 6)] = 0x83;
    der.insert(der.begin() + offset + 7, 0x00);
    // The request, what is signed of it, and SubjectPublicKeyInfo: 30 82 LL LL 30 0d …
    for (const std::ptrdiff_t length : {std::ptrdiff_t{2}, std::ptrdiff_t{6}, offset - 17}) lengthen(length);
    std::vector<std::uint8_t> signed_part(der.begin() + 4, der.begin() + 8 + (der[6] << 8 | der[7]));
    write_file(scene_.file("signed"), signed_part, kPublicFile);
    must_run({"openssl", "dgst", "-sha256", "-sign", key, "-out", scene_.file("signature"),
              scene_.file("signed")});
    const auto signature = read_file(scene_.file("signature"));
    ASSERT_EQ(signature.size(), 256U);
    std::copy(signature.begin(), signature.end(), der.end() - 256);
    write_file(scene_.file("ber.csr"), der, kPublicFile);
    must_run({"openssl", "req", "-inform", "DER", "-in", scene_.file("ber.csr"), "-noout", "-verify"});
    const auto answer = scene_.ask({"issue", "mallory", "--csr", scene_.file("ber.csr")});
    EXPECT_EQ(answer["exit"], 1) << answer;
    EXPECT_NE(answer["code"], "E-INTERNAL") << answer;
}

}  // namespace
}  // namespace countersign::e2e
