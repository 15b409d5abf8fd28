// CA certificates against openssl and GnuTLS.
#include "host/pki/authority.h"

#include "host/pki/pem.h"
#include "tests/unit/pki/support.h"

namespace countersign::pki {
namespace {

using std::chrono::days;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

std::string text_of(const Certificate& certificate) {
    return openssl({"x509", "-noout", "-text"}, to_pem(certificate));
}

class EveryCa : public testing::TestWithParam<KeyType> {};
INSTANTIATE_TEST_SUITE_P(Keys, EveryCa,
                         testing::Values(KeyType::p256, KeyType::p384, KeyType::rsa2048, KeyType::rsa4096),
                         [](const auto& test) { return std::string(to_string(test.param)); });

TEST_P(EveryCa, VerifiesStrictlyWithOpenssl) {
    const Bench bench(GetParam());
    const Verifier verifier(bench);
    const CommandResult result = verifier.verify(bench.issuing.certificate, {"-check_ss_sig"});
    EXPECT_EQ(result.exit_code, 0) << result.output;
}

TEST_P(EveryCa, VerifiesWithGnutls) {
    const Bench bench(GetParam(), SystemClock().now());
    const CommandResult result = run({"certtool", "--verify-chain"}, bench.authority.ca_pem());
    EXPECT_EQ(result.exit_code, 0) << result.output;
    EXPECT_THAT(result.output, HasSubstr("Chain verification output: Verified."));
}

TEST(Root, SaysWhatItMayDo) {
    const Bench bench;
    const std::string text = text_of(bench.root.certificate);
    EXPECT_THAT(text, HasSubstr("Version: 3"));
    EXPECT_THAT(text, HasSubstr("Basic Constraints: critical\n                CA:TRUE, pathlen:2\n"));
    EXPECT_THAT(text, HasSubstr("Key Usage: critical\n                Certificate Sign, CRL Sign\n"));
    EXPECT_THAT(text, HasSubstr("Subject Key Identifier"));
    EXPECT_THAT(text, HasSubstr("Authority Key Identifier"));
    EXPECT_THAT(text, HasSubstr("Not Before: Feb 28 12:00:00 2026 GMT")) << "backdated a day";
    EXPECT_THAT(text, HasSubstr("Not After : Dec 31 23:59:59 9999 GMT"));
    EXPECT_THAT(bench.root.certificate.info.name, MatchesRegex("Countersign Root [0-9a-f]{8}"));
    EXPECT_EQ(bench.root.certificate.info.issuer, bench.root.certificate.info.name);
}

TEST(IssuingCa, SaysWhatItMayDo) {
    const Bench bench;
    const std::string text = text_of(bench.issuing.certificate);
    EXPECT_THAT(text, HasSubstr("Basic Constraints: critical\n                CA:TRUE, pathlen:0\n"));
    EXPECT_THAT(text, HasSubstr("Key Usage: critical\n                Certificate Sign, CRL Sign\n"));
    EXPECT_THAT(bench.issuing.certificate.info.name, MatchesRegex("Countersign Issuing [0-9a-f]{8}"));
    EXPECT_EQ(bench.issuing.certificate.info.issuer, bench.root.certificate.info.name);
}

TEST(IssuingCa, TakesTheNotBeforeOfTheRoot) {
    SeededRandom random;
    const NewCa root = create_root({}, kNow, random);
    KeySigner signer(root.key);
    const NewCa later = create_issuing({}, root.certificate, signer, kNow + days{3000}, random);
    EXPECT_EQ(later.certificate.info.not_before, root.certificate.info.not_before);
}

TEST(IssuingCa, IsRefusedWhenItWouldOutliveTheRoot) {
    SeededRandom random;
    const NewCa root = create_root({KeyType::p256, kNow + days{100}}, kNow, random);
    KeySigner signer(root.key);
    EXPECT_EQ(code_of([&] { (void)create_issuing({}, root.certificate, signer, kNow, random); }),
              Code::ValidityInvalid);
}

TEST(IssuingCa, IsRefusedWithAnotherRootsKey) {
    SeededRandom random;
    const NewCa root = create_root({}, kNow, random);
    KeySigner stranger(PrivateKey::generate(KeyType::p256));
    EXPECT_EQ(code_of([&] { (void)create_issuing({}, root.certificate, stranger, kNow, random); }),
              Code::AuthorityBroken);
}

TEST(Ca, IsNeverEd25519) {
    SeededRandom random;
    EXPECT_EQ(code_of([&] { (void)create_root({KeyType::ed25519}, kNow, random); }),
              Code::KeyTypeUnsupported);
    const NewCa root = create_root({}, kNow, random);
    KeySigner signer(root.key);
    EXPECT_EQ(
        code_of([&] { (void)create_issuing({KeyType::ed25519}, root.certificate, signer, kNow, random); }),
        Code::KeyTypeUnsupported);
}

TEST(Ca, IsNeverTakenForAnother) {
    SeededRandom random;
    EXPECT_NE(create_root({}, kNow, random).certificate.info.name,
              create_root({}, kNow, random).certificate.info.name);
}

TEST(Authority, ComesBackFromItsFiles) {
    const Bench bench;
    const Authority again =
        Authority::from_pem(to_pem(bench.root.certificate), to_pem(bench.issuing.certificate), kNow);
    EXPECT_EQ(again.root().der, bench.root.certificate.der);
    EXPECT_EQ(again.issuing().der, bench.issuing.certificate.der);
    EXPECT_TRUE(belongs(bench.issuing.key, again.issuing()));
    EXPECT_FALSE(belongs(bench.root.key, again.issuing()));
}

TEST(Authority, RefusesFilesThatDoNotBelongTogether) {
    const Bench one;
    Bench other;
    SeededRandom random(7);
    const NewCa stranger = create_root({}, kNow, random);
    const auto load = [](const Certificate& root, const Certificate& issuing) {
        return code_of([&] { (void)Authority::from_pem(to_pem(root), to_pem(issuing), kNow); });
    };
    EXPECT_EQ(load(stranger.certificate, one.issuing.certificate), Code::AuthorityBroken);
    EXPECT_EQ(load(one.root.certificate, other.client("kitchen-1")), Code::AuthorityBroken);
    EXPECT_EQ(load(one.root.certificate, one.root.certificate), Code::AuthorityBroken);
    EXPECT_EQ(load(one.issuing.certificate, one.root.certificate), Code::AuthorityBroken) << "swapped";
    // The same names, another key: only the signature tells them apart.
    EXPECT_EQ(load(other.root.certificate, one.issuing.certificate), Code::AuthorityBroken);
}

TEST(Authority, RefusesDamagedFiles) {
    const Bench bench;
    const auto load = [&](const std::string& root) {
        return code_of([&] { (void)Authority::from_pem(root, to_pem(bench.issuing.certificate), kNow); });
    };
    EXPECT_EQ(load(""), Code::AuthorityBroken);
    Bytes tampered = bench.root.certificate.der;
    tampered[tampered.size() - 1] ^= 1;  // in the root's own signature, which no chain needs
    EXPECT_EQ(load(pem_encode("CERTIFICATE", tampered)), Code::AuthorityBroken);
}

TEST(Authority, SaysWhenTheComputersClockIsWrong) {
    const Bench bench;
    const auto load = [&] { (void)Authority(bench.root.certificate, bench.issuing.certificate, Seconds{}); };
    EXPECT_EQ(code_of(load), Code::CertNotYet);
    EXPECT_THAT(detail_of(load), HasSubstr("This computer's clock says 1970-01-01"));
}

}  // namespace
}  // namespace countersign::pki
