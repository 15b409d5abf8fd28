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
    const std::string pem = crl_to_pem(make_static_crl(bench.issuing.certificate, bench.signer, kNow));
    EXPECT_THAT(openssl({"crl", "-noout", "-CAfile", verifier.issuing()}, pem), HasSubstr("verify OK"));
}

TEST(StaticCrl, SaysNothingForEver) {
    Bench bench;
    const std::string pem = crl_to_pem(make_static_crl(bench.issuing.certificate, bench.signer, kNow));
    const std::string text = openssl({"crl", "-noout", "-text"}, pem);
    EXPECT_THAT(text, HasSubstr("Version 2"));
    EXPECT_THAT(text, HasSubstr("Last Update: Mar  1 12:00:00 2026 GMT"));
    EXPECT_THAT(text, HasSubstr("Next Update: Dec 31 23:59:59 9999 GMT"));
    EXPECT_THAT(text, HasSubstr("No Revoked Certificates"));
    EXPECT_THAT(text, HasSubstr("X509v3 Authority Key Identifier"));
    EXPECT_THAT(text, HasSubstr("X509v3 CRL Number: \n                0\n"));
    EXPECT_THAT(run({"certtool", "--crl-info"}, pem).output, HasSubstr("No revoked certificates"));
}

// What Mosquitto does with crlfile: every CA's list in one file, checked for every client.
TEST(StaticCrl, LetsClientsInWhenTheWholePathIsChecked) {
    Bench bench;
    const Verifier verifier(bench);
    const std::string path = verifier.folder() / "crl.pem";
    const std::string of_issuing = crl_to_pem(make_static_crl(bench.issuing.certificate, bench.signer, kNow));
    const std::string of_root = crl_to_pem(make_static_crl(bench.root.certificate, bench.root_signer, kNow));
    const Certificate client = bench.client("kitchen-1");
    write_file(path, of_issuing + of_root, kPublicFile);
    const CommandResult both = verifier.verify(client, {"-crl_check_all", "-CRLfile", path});
    EXPECT_EQ(both.exit_code, 0) << both.output;
    write_file(path, of_issuing, kPublicFile);
    EXPECT_NE(verifier.verify(client, {"-crl_check_all", "-CRLfile", path}).exit_code, 0)
        << "the root's is missing";
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
    EXPECT_EQ(code_of([&] { (void)make_static_crl(bench.root.certificate, bench.signer, kNow); }),
              Code::AuthorityBroken);
}

}  // namespace
}  // namespace countersign::pki
