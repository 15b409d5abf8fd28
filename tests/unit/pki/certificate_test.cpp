// Certificates of others: made by openssl, read within bounds.
#include "host/pki/certificate.h"

#include "host/pki/pem.h"
#include "tests/unit/pki/support.h"

namespace countersign::pki {
namespace {

// `openssl req -x509` with a new P-256 key
std::string foreign(const std::string& subject, const std::vector<std::string>& more = {}) {
    const test::TemporaryFolder folder;
    std::vector<std::string> arguments{"req",
                                       "-x509",
                                       "-batch",
                                       "-nodes",
                                       "-utf8",
                                       "-newkey",
                                       "ec",
                                       "-pkeyopt",
                                       "ec_paramgen_curve:P-256",
                                       "-keyout",
                                       folder / "key",
                                       "-subj",
                                       subject,
                                       "-set_serial",
                                       "0x00aabbcc",
                                       "-out",
                                       folder / "certificate"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    openssl(arguments);
    return read_text(folder / "certificate");
}

TEST(ForeignCertificate, HasAKeyAsBoardsMakeThemOrNot) {
    EXPECT_TRUE(has_p256_key(parse_certificate_pem(foreign("/CN=gateway")).der));
    const test::TemporaryFolder folder;
    for (const std::vector<std::string>& kind :
         {std::vector<std::string>{"EC", "-pkeyopt", "ec_paramgen_curve:P-384"}, {"RSA"}, {"ed25519"}}) {
        std::vector<std::string> key{"genpkey", "-out", folder / "key", "-algorithm"};
        key.insert(key.end(), kind.begin(), kind.end());
        openssl(key);
        openssl({"req", "-x509", "-key", folder / "key", "-subj", "/CN=gateway", "-out", folder / "other"});
        EXPECT_FALSE(has_p256_key(parse_certificate_pem(read_text(folder / "other")).der)) << kind[0];
    }
    EXPECT_FALSE(has_p256_key({}));
}

TEST(ForeignCertificate, IsDescribed) {
    const Certificate read = parse_certificate_pem(
        foreign("/CN=gateway", {"-addext", "subjectAltName=DNS:gw.local,IP:10.0.0.1,IP:::1"}));
    EXPECT_EQ(read.info.name, "gateway");
    EXPECT_EQ(read.info.issuer, "gateway");
    EXPECT_EQ(read.info.serial, "aabbcc");
    EXPECT_EQ(read.info.role, std::nullopt);
    EXPECT_EQ(read.info.key_type, KeyType::p256);
    EXPECT_TRUE(read.info.is_ca) << "as openssl makes them";
    EXPECT_EQ(read.info.hosts, (std::vector<std::string>{"gw.local", "10.0.0.1", "::1"}));
}

TEST(ForeignCertificate, HasNoRoleWhenItClaimsSeveral) {
    const auto role = [](const std::string& uris) {
        return parse_certificate_pem(foreign("/CN=a", {"-addext", "subjectAltName=" + uris})).info.role;
    };
    EXPECT_EQ(role("URI:urn:countersign:role:device"), Role::device);
    EXPECT_EQ(role("URI:urn:countersign:role:device,URI:urn:countersign:role:operator"), std::nullopt);
    EXPECT_EQ(role("URI:urn:countersign:role:king"), std::nullopt);
    EXPECT_EQ(role("DNS:urn-countersign-role-device"), std::nullopt);
}

TEST(ForeignCertificate, IsSafeOnATerminal) {
    EXPECT_EQ(parse_certificate_pem(foreign("/CN=\x1b[2J\xc3\xbc")).info.name, "?[2J??");
}

TEST(ForeignCertificate, HasNoNameWhenItHasTwo) {
    EXPECT_EQ(parse_certificate_pem(foreign("/CN=a/CN=b")).info.name, "");
    EXPECT_EQ(parse_certificate_pem(foreign("/O=a")).info.name, "");
}

TEST(ForeignCertificate, IsRefusedOutsideTheBounds) {
    const auto refused = [](ByteView bytes) {
        return code_of([&] { (void)parse_certificate(bytes); }) == Code::CertInvalid;
    };
    Bench bench;
    Bytes der = bench.client("kitchen-1").der;
    for (std::size_t size = 0; size < der.size(); ++size)
        EXPECT_TRUE(refused(ByteView(der).first(size))) << size;
    der.push_back(0);
    EXPECT_TRUE(refused(der)) << "something behind it";
    EXPECT_TRUE(refused(Bytes(kMaxCertificateSize + 1, 0x30)));
}

// One certificate must have one fingerprint: other spellings of the same content (BER) are refused.
TEST(ForeignCertificate, IsRefusedWhenItIsNotDer) {
    Bench bench;
    Bytes der = bench.client("kitchen-1").der;
    // Outer length as 83 00 xx xx where 82 xx xx would do
    der[1] = 0x83;
    der.insert(der.begin() + 2, 0x00);
    EXPECT_EQ(code_of([&] { (void)parse_certificate(der); }), Code::CertInvalid);
}

TEST(CertificatePem, IsTheOneThatOpensslWrites) {
    Bench bench;
    const Certificate client = bench.client("kitchen-1");
    EXPECT_EQ(openssl({"x509"}, to_pem(client)), to_pem(client));
    EXPECT_EQ(parse_certificate_pem("text before\n" + to_pem(client)).der, client.der);
    EXPECT_EQ(code_of([&] { (void)parse_certificate_pem("no PEM"); }), Code::CertInvalid);
    EXPECT_EQ(code_of([&] { (void)parse_certificate_pem(pem_encode("X509 CRL", client.der)); }),
              Code::CertInvalid);
}

// Lines of exactly 64 characters, and the last one shorter or full
TEST(CertificatePem, BreaksLinesAsOpensslDoes) {
    for (const std::size_t size : {1U, 47U, 48U, 49U, 96U}) {
        const Bytes data(size, 0xab);
        const auto block = pem_decode(pem_encode("CERTIFICATE", data));
        ASSERT_TRUE(block) << size;
        EXPECT_TRUE(std::ranges::equal(block->der.bytes(), data)) << size;
    }
    EXPECT_EQ(pem_encode("X", Bytes(49, 0)),
              "-----BEGIN X-----\n" + std::string(64, 'A') + "\nAA==\n-----END X-----\n");
}

}  // namespace
}  // namespace countersign::pki
