#include "host/pki/crl.h"

#include "tests/unit/pki/support.h"

namespace countersign::pki {
namespace {

using std::chrono::days;
using ::testing::HasSubstr;

class EveryCrlKey : public testing::TestWithParam<KeyType> {};
INSTANTIATE_TEST_SUITE_P(Keys, EveryCrlKey, testing::Values(KeyType::p256, KeyType::p384, KeyType::rsa2048),
                         [](const auto& test) { return std::string(to_string(test.param)); });

TEST_P(EveryCrlKey, VerifiesWithOpenssl) {
    Bench bench(GetParam());
    const Verifier verifier(bench);
    const std::string pem =
        crl_to_pem(make_crl(bench.issuing.certificate, bench.signer, {}, {1, kNow, kForever}));
    EXPECT_THAT(openssl({"crl", "-noout", "-CAfile", verifier.issuing()}, pem), HasSubstr("verify OK"));
}

TEST(Crl, IsReadBackOnlyUnderItsOwnCa) {
    Bench bench;
    const std::vector<RevokedCertificate> revoked{{"0a", kNow, RevocationReason::key_compromise},
                                                  {"0bff", kNow, RevocationReason::unspecified}};
    Bytes der = make_crl(bench.root.certificate, bench.root_signer, revoked, {9, kNow, kNow + days{1}});
    const auto read = read_crl(der, bench.root.certificate);
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->number, 9u);
    EXPECT_EQ(read->next_update, kNow + days{1});
    ASSERT_EQ(read->revoked.size(), 2u);
    EXPECT_EQ(read->revoked[0].serial, "0a");
    EXPECT_EQ(read->revoked[0].reason, RevocationReason::key_compromise);
    EXPECT_EQ(read->revoked[1].serial, "0bff");
    EXPECT_EQ(read->revoked[1].reason, RevocationReason::unspecified);
    EXPECT_FALSE(read_crl(der, bench.issuing.certificate).has_value());
    der.back() ^= 1U;
    EXPECT_FALSE(read_crl(der, bench.root.certificate).has_value());
    EXPECT_FALSE(read_crl({}, bench.root.certificate).has_value());
}

TEST(Crl, CondemnsExactlyWhatItNames) {
    Bench bench;
    const Verifier verifier(bench);
    const Certificate bad = bench.client("bad");
    const Certificate good = bench.client("good");
    const std::vector<RevokedCertificate> revoked{{bad.info.serial, kNow, RevocationReason::key_compromise}};
    const Bytes crl = make_crl(bench.issuing.certificate, bench.signer, revoked, {7, kNow, kNow + days{1}});
    const std::string path = verifier.folder() / "crl.pem";
    write_file(path, crl_to_pem(crl), kPublicFile);
    const CommandResult refused = verifier.verify(bad, {"-crl_check", "-CRLfile", path});
    EXPECT_NE(refused.exit_code, 0);
    EXPECT_THAT(refused.output, HasSubstr("certificate revoked"));
    EXPECT_EQ(verifier.verify(good, {"-crl_check", "-CRLfile", path}).exit_code, 0);
}

TEST(Crl, SaysWhyAndWhen) {
    Bench bench;
    const std::vector<RevokedCertificate> revoked{
        {"0a", kNow, RevocationReason::unspecified},
        {"00ff", kNow - days{1}, RevocationReason::certificate_hold},
        {std::string(40, 'f'), Seconds{std::chrono::sys_days{std::chrono::year{2050} / 1 / 1}},
         RevocationReason::superseded}};
    const std::string pem = crl_to_pem(make_crl(bench.issuing.certificate, bench.signer, revoked,
                                                {std::uint64_t{1} << 63U, kNow, kNow + days{1}}));
    const std::string text = openssl({"crl", "-noout", "-text"}, pem);
    EXPECT_THAT(text,
                HasSubstr("Serial Number: 0A\n        Revocation Date: Mar  1 12:00:00 2026 GMT\n    Serial"))
        << "no reason is said for unspecified";
    EXPECT_THAT(text, HasSubstr("Serial Number: FF\n"));
    EXPECT_THAT(text, HasSubstr("Certificate Hold"));
    EXPECT_THAT(text, HasSubstr("Revocation Date: Jan  1 00:00:00 2050 GMT"));
    EXPECT_THAT(text, HasSubstr("Superseded"));
    EXPECT_THAT(text, HasSubstr("9223372036854775808")) << "the number, 2^63";
    EXPECT_EQ(run({"certtool", "--crl-info"}, pem).exit_code, 0);
}

TEST(Crl, RefusesNonsense) {
    Bench bench;
    const auto with_serial = [&](const std::string& serial) {
        const std::vector<RevokedCertificate> revoked{{serial, kNow, RevocationReason::unspecified}};
        return code_of([&] {
            (void)make_crl(bench.issuing.certificate, bench.signer, revoked, {1, kNow, kNow + days{1}});
        });
    };
    EXPECT_EQ(with_serial(""), Code::CertInvalid);
    EXPECT_EQ(with_serial("0"), Code::CertInvalid);
    EXPECT_EQ(with_serial("0G"), Code::CertInvalid);
    EXPECT_EQ(with_serial(std::string(42, 'f')), Code::CertInvalid);
    EXPECT_EQ(code_of([&] {
                  (void)make_crl(bench.issuing.certificate, bench.signer, {}, {1, kNow, kNow});
              }),
              Code::ValidityInvalid);
    EXPECT_EQ(code_of([&] {
                  (void)make_crl(bench.root.certificate, bench.signer, {}, {1, kNow, kForever});
              }),
              Code::AuthorityBroken);
}

}  // namespace
}  // namespace countersign::pki
