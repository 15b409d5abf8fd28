// Public keys that openssl made and that must be refused, each with its reason.
#include "host/pki/key.h"
#include "host/pki/pem.h"
#include "tests/unit/pki/support.h"

namespace countersign::pki {
namespace {

using ::testing::HasSubstr;

// The SubjectPublicKeyInfo of a new key made by `openssl genpkey`.
Bytes made_by_openssl(std::vector<std::string> arguments, const std::vector<std::string>& conversion = {}) {
    arguments.insert(arguments.begin(), {"genpkey", "-algorithm"});
    std::vector<std::string> to_spki{"pkey", "-pubout", "-outform", "DER"};
    to_spki.insert(to_spki.end(), conversion.begin(), conversion.end());
    const std::string spki = openssl(to_spki, openssl(arguments));
    return {spki.begin(), spki.end()};
}

std::string refusal(const Bytes& spki) {
    EXPECT_EQ(code_of([&] { (void)parse_public_key(spki); }), Code::KeyTypeUnsupported);
    return detail_of([&] { (void)parse_public_key(spki); });
}

Bytes ec(const std::string& curve, const std::vector<std::string>& conversion = {}) {
    return made_by_openssl({"EC", "-pkeyopt", "ec_paramgen_curve:" + curve}, conversion);
}

TEST(PublicKey, TakesTheKindsThatAreOurs) {
    EXPECT_EQ(parse_public_key(ec("P-256")).type, KeyType::p256);
    EXPECT_EQ(parse_public_key(ec("P-384")).type, KeyType::p384);
    EXPECT_EQ(parse_public_key(made_by_openssl({"ED25519"})).type, KeyType::ed25519);
    EXPECT_EQ(parse_public_key(made_by_openssl({"RSA", "-pkeyopt", "rsa_keygen_bits:2048"})).type,
              KeyType::rsa2048);
}

TEST(PublicKey, RefusesWeakRsa) {
    EXPECT_THAT(refusal(made_by_openssl({"RSA", "-pkeyopt", "rsa_keygen_bits:1024"})),
                HasSubstr("1024 bits"));
    EXPECT_THAT(refusal(made_by_openssl(
                    {"RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-pkeyopt", "rsa_keygen_pubexp:3"})),
                HasSubstr("exponent"));
}

TEST(PublicKey, RefusesOtherKinds) {
    EXPECT_THAT(refusal(ec("secp256k1")), HasSubstr("kind"));
    EXPECT_THAT(refusal(ec("P-521")), HasSubstr("kind"));
    EXPECT_THAT(refusal(made_by_openssl({"X25519"})), HasSubstr("kind"));
    EXPECT_THAT(refusal(made_by_openssl({"RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"})), HasSubstr("kind"));
}

TEST(PublicKey, RefusesACurveSpelledOut) {
    EXPECT_THAT(refusal(ec("P-256", {"-ec_param_enc", "explicit"})), HasSubstr("kind"));
}

TEST(PublicKey, RefusesACompressedPoint) {
    EXPECT_THAT(refusal(ec("P-256", {"-ec_conv_form", "compressed"})), HasSubstr("uncompressed"));
    // The right length with a compressed point's first octet
    Bytes spki = ec("P-256");
    spki[26] = 0x02;
    EXPECT_THAT(refusal(spki), HasSubstr("uncompressed"));
}

TEST(PublicKey, RefusesAPointOffTheCurve) {
    Bytes spki = ec("P-256");
    spki.back() ^= 0x01;
    EXPECT_THAT(refusal(spki), HasSubstr("damaged"));
}

TEST(PublicKey, RefusesCutAndPaddedBytes) {
    const Bytes whole = ec("P-256");
    for (std::size_t size = 0; size < whole.size(); ++size) {
        EXPECT_THROW((void)parse_public_key(ByteView(whole).first(size)), Error) << size;
    }
    Bytes longer = whole;
    longer.push_back(0);
    EXPECT_THROW((void)parse_public_key(longer), Error);
}

}  // namespace
}  // namespace countersign::pki
