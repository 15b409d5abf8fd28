// A root's successor and the bridge to it, judged by openssl and GnuTLS. mbedTLS judges them in the
// end-to-end tests, on a board.
#include "host/pki/succession.h"

#include "tests/unit/pki/support.h"

namespace countersign::pki {
namespace {

using ::testing::HasSubstr;

// An authority, its successor, and a broker's leaf under the new issuing CA.
struct Succession {
    explicit Succession(KeyType key = KeyType::p256, Seconds now = kNow)
        : old(key, now),
          root(create_successor(old.root.certificate, now, old.random)),
          bridge(make_bridge(root.certificate, old.root.certificate, old.root_signer, now, old.random)),
          root_signer(root.key),
          issuing(create_issuing({key, kForever}, root.certificate, root_signer, now, old.random)),
          signer(issuing.key),
          authority(root.certificate, issuing.certificate, now),
          issuer(authority, signer, old.clock, old.random),
          leaf(issuer.issue(Profile({Role::broker}), {"broker",
                                                      PrivateKey::generate(KeyType::p256).public_key(),
                                                      {HostName::parse("broker.local")}})) {}

    Bench old;
    NewCa root;
    Certificate bridge;
    KeySigner root_signer;
    NewCa issuing;
    KeySigner signer;
    Authority authority;
    Issuer issuer;
    Certificate leaf;
};

class EverySuccession : public testing::TestWithParam<KeyType> {};
INSTANTIATE_TEST_SUITE_P(Keys, EverySuccession,
                         testing::Values(KeyType::p256, KeyType::p384, KeyType::rsa2048),
                         [](const auto& test) { return std::string(to_string(test.param)); });

// What the broker sends beside its leaf, judged by somebody who trusts these anchors only.
CommandResult verify(const Succession& all, const std::string& sent, const std::string& anchors) {
    const test::TemporaryFolder folder;
    write_file(folder / "leaf.pem", to_pem(all.leaf), kPublicFile);
    write_file(folder / "sent.pem", sent, kPublicFile);
    write_file(folder / "anchors.pem", anchors, kPublicFile);
    return run({"openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-attime",
                std::to_string(all.old.clock.now().time_since_epoch().count()), "-verify_hostname",
                "broker.local", "-no-CApath", "-CAfile", folder / "anchors.pem", "-untrusted",
                folder / "sent.pem", folder / "leaf.pem"});
}

TEST_P(EverySuccession, OneChainIsAcceptedWithEitherRoot) {
    const Succession all(GetParam());
    const std::string sent = to_pem(all.issuing.certificate) + to_pem(all.bridge);
    for (const auto& anchors : {to_pem(all.old.root.certificate), to_pem(all.root.certificate),
                                to_pem(all.old.root.certificate) + to_pem(all.old.issuing.certificate),
                                to_pem(all.root.certificate) + to_pem(all.issuing.certificate),
                                to_pem(all.root.certificate) + to_pem(all.old.root.certificate)}) {
        const auto result = verify(all, sent, anchors);
        EXPECT_EQ(result.exit_code, 0) << result.output << anchors;
    }
}

TEST(Bridge, IsWhatConnectsTheOldRoot) {
    const Succession all;
    const auto without = verify(all, to_pem(all.issuing.certificate), to_pem(all.old.root.certificate));
    EXPECT_NE(without.exit_code, 0) << "nobody without the bridge";
    const Succession other;
    const auto foreign =
        verify(all, to_pem(all.issuing.certificate) + to_pem(all.bridge), to_pem(other.old.root.certificate));
    EXPECT_NE(foreign.exit_code, 0) << "nobody of another authority";
}

TEST(Bridge, ChainVerifiesWithGnutls) {
    const Succession all(KeyType::p256, SystemClock().now());
    const auto chain = to_pem(all.leaf) + to_pem(all.issuing.certificate) + to_pem(all.bridge) +
                       to_pem(all.old.root.certificate);
    const auto result = run({"certtool", "--verify-chain"}, chain);
    EXPECT_EQ(result.exit_code, 0) << result.output;
    EXPECT_THAT(result.output, HasSubstr("Chain verification output: Verified."));
}

TEST(Bridge, HasTheNewNameUnderTheOldOneAndKeepsTheLimits) {
    const Succession all;
    const auto text = openssl({"x509", "-noout", "-text"}, to_pem(all.bridge));
    EXPECT_THAT(text, HasSubstr("CA:TRUE, pathlen:2\n"));
    EXPECT_EQ(all.bridge.info.name, all.root.certificate.info.name);
    EXPECT_EQ(all.bridge.info.issuer, all.old.root.certificate.info.name);
    EXPECT_NE(all.root.certificate.info.name, all.old.root.certificate.info.name);
    EXPECT_EQ(all.bridge.info.spki_sha256, all.root.certificate.info.spki_sha256);
    EXPECT_NE(all.bridge.info.fingerprint, all.root.certificate.info.fingerprint);
}

TEST(Successor, TakesTheDatesOfTheFirstRoot) {
    Bench old;
    const auto later = kNow + std::chrono::days(3000);
    const auto root = create_successor(old.root.certificate, later, old.random);
    EXPECT_EQ(root.certificate.info.not_before, old.root.certificate.info.not_before)
        << "no device's old clock finds it in the future";
    EXPECT_EQ(root.certificate.info.not_after, kForever);
    EXPECT_EQ(code_of([&] {
                  (void)create_successor(old.root.certificate, kNow - std::chrono::days(3000), old.random);
              }),
              Code::CertNotYet);
}

TEST(Successor, TheNewIssuingCaIsNotTheOldRoots) {
    const Succession all;
    EXPECT_EQ(code_of([&] { Authority(all.old.root.certificate, all.issuing.certificate, kNow); }),
              Code::AuthorityBroken);
}

TEST(Bridge, IsMadeForASuccessorByTheOldRootOnly) {
    Succession all;
    EXPECT_EQ(code_of([&] {
                  (void)make_bridge(all.root.certificate, all.old.root.certificate, all.old.signer, kNow,
                                    all.old.random);
              }),
              Code::AuthorityBroken);
    EXPECT_EQ(code_of([&] {
                  (void)make_bridge(all.old.root.certificate, all.old.root.certificate, all.old.root_signer,
                                    kNow, all.old.random);
              }),
              Code::AuthorityBroken);
}

}  // namespace
}  // namespace countersign::pki
