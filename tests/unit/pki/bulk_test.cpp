// Bulk issuing takes short cuts; its products must not show it.
#include <set>

#include "host/pki/pem.h"
#include "tests/unit/pki/support.h"

namespace countersign::pki {
namespace {

TEST(BulkIssuer, MakesWhatTheSingleIssuerMakes) {
    Bench bench;
    const Verifier verifier(bench);
    BulkIssuer bulk(bench.issuer, Profile({Role::device}), KeyType::p256);
    for (int i = 0; i < 5; ++i) {
        const auto made = bulk.issue("device-" + std::to_string(i));
        EXPECT_EQ(made.certificate.info, parse_certificate(made.certificate.der).info);
        const CommandResult result = verifier.verify(made.certificate, {"-purpose", "sslclient"});
        EXPECT_EQ(result.exit_code, 0) << result.output;
        const std::string of_key = openssl({"pkey", "-inform", "DER", "-pubout"}, made.key_der.text());
        EXPECT_EQ(openssl({"x509", "-noout", "-pubkey"}, to_pem(made.certificate)), of_key);
    }
}

TEST(BulkIssuer, NeverRepeatsASerialOrAKey) {
    Bench bench;
    BulkIssuer bulk(bench.issuer, Profile({Role::device}), KeyType::p256);
    std::set<std::string> serials;
    std::set<Fingerprint> keys;
    const std::size_t count = BulkIssuer::kStrictEvery + 10;  // over the next strict one
    for (std::size_t i = 0; i < count; ++i) {
        const auto made = bulk.issue("device-" + std::to_string(i));
        serials.insert(made.certificate.info.serial);
        keys.insert(made.certificate.info.spki_sha256);
    }
    EXPECT_EQ(serials.size(), count);
    EXPECT_EQ(keys.size(), count);
}

class EveryBulkKey : public testing::TestWithParam<KeyType> {};
INSTANTIATE_TEST_SUITE_P(Keys, EveryBulkKey, testing::Values(KeyType::p256, KeyType::p384, KeyType::rsa2048),
                         [](const auto& test) { return std::string(to_string(test.param)); });

TEST_P(EveryBulkKey, IsIssued) {
    Bench bench;
    const Verifier verifier(bench);
    BulkIssuer bulk(bench.issuer, Profile({Role::device}), GetParam());
    const auto made = bulk.issue("device-1");
    EXPECT_EQ(made.certificate.info.key_type, GetParam());
    EXPECT_EQ(verifier.verify(made.certificate, {"-purpose", "sslclient"}).exit_code, 0);
}

TEST(BulkIssuer, GoesOnAfterABadName) {
    Bench bench;
    BulkIssuer bulk(bench.issuer, Profile({Role::device}), KeyType::p256);
    EXPECT_EQ(code_of([&] { (void)bulk.issue("a b"); }), Code::NameInvalid);
    EXPECT_EQ(bulk.issue("a-b").certificate.info.name, "a-b");
}

TEST(BulkIssuer, RefusesBrokersAndEd25519) {
    Bench bench;
    EXPECT_EQ(code_of([&] { BulkIssuer(bench.issuer, Profile({Role::broker}), KeyType::p256); }),
              Code::Usage);
    EXPECT_EQ(code_of([&] { BulkIssuer(bench.issuer, Profile({Role::device}), KeyType::ed25519); }),
              Code::KeyTypeUnsupported);
}

}  // namespace
}  // namespace countersign::pki
