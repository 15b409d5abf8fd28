// Keys against `openssl`, which reads what we write and writes what we read.
#include "host/pki/key.h"

#include "host/pki/pem.h"
#include "tests/unit/pki/support.h"

namespace countersign::pki {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kPassphrase = "correct horse battery staple";

std::string word_for(KeyType type) {
    switch (type) {
        case KeyType::p256: return "NIST CURVE: P-256";
        case KeyType::p384: return "NIST CURVE: P-384";
        case KeyType::rsa2048: return "Private-Key: (2048 bit";
        case KeyType::rsa3072: return "Private-Key: (3072 bit";
        case KeyType::rsa4096: return "Private-Key: (4096 bit";
        case KeyType::ed25519: return "ED25519 Private-Key";
    }
    return "?";
}

class EveryKey : public testing::TestWithParam<KeyType> {};
INSTANTIATE_TEST_SUITE_P(Keys, EveryKey,
                         testing::Values(KeyType::p256, KeyType::p384, KeyType::rsa2048, KeyType::rsa4096,
                                         KeyType::ed25519),
                         [](const auto& test) { return std::string(to_string(test.param)); });

TEST_P(EveryKey, IsReadByOpenssl) {
    const PrivateKey key = PrivateKey::generate(GetParam());
    const Secret der = key.to_der();
    EXPECT_THAT(openssl({"pkey", "-inform", "DER", "-noout", "-text", "-check"}, der.text()),
                HasSubstr(word_for(GetParam())));
    EXPECT_THAT(openssl({"pkey", "-noout", "-text"}, key.to_pem().text()), HasSubstr(word_for(GetParam())));
}

// Our own encoders against OpenSSL's: the same bytes.
TEST_P(EveryKey, IsWrittenAsOpensslWritesIt) {
    const PrivateKey key = PrivateKey::generate(GetParam());
    EXPECT_EQ(openssl({"pkcs8", "-topk8", "-nocrypt", "-inform", "DER"}, key.to_der().text()),
              key.to_pem().text());
    const std::string spki = openssl({"pkey", "-pubout"}, key.to_pem().text());
    EXPECT_EQ(spki, pem_encode("PUBLIC KEY", key.public_key().spki));
}

TEST_P(EveryKey, ComesBackFromItsOwnForms) {
    const PrivateKey key = PrivateKey::generate(GetParam());
    EXPECT_EQ(PrivateKey::from_der(key.to_der().bytes()).public_key(), key.public_key());
    EXPECT_EQ(PrivateKey::from_pem(key.to_pem().text()).public_key(), key.public_key());
}

TEST(KeyGenerator, NeverMakesTheSameKeyTwice) {
    KeyGenerator keys(KeyType::p256);
    EXPECT_NE(keys.next().public_key(), keys.next().public_key());
}

TEST(KeyType, HasNames) {
    for (const char* name : {"p256", "p384", "rsa2048", "rsa3072", "rsa4096", "ed25519"}) {
        ASSERT_TRUE(parse_key_type(name)) << name;
        EXPECT_EQ(to_string(*parse_key_type(name)), name);
    }
    EXPECT_FALSE(parse_key_type("P256"));
    EXPECT_FALSE(parse_key_type(""));
}

TEST(EncryptedKey, OpensWithItsPassphraseInOpenssl) {
    const PrivateKey key = PrivateKey::generate(KeyType::p256);
    const std::string pem = key.to_encrypted_pem(Secret(kPassphrase));
    const test::TemporaryFolder folder;
    write_file(folder / "passphrase", kPassphrase, kPrivateFile);
    EXPECT_EQ(openssl({"pkey", "-passin", "file:" + (folder / "passphrase").string()}, pem),
              key.to_pem().text());
    write_file(folder / "passphrase", "wrong", kPrivateFile);
    EXPECT_NE(run({"openssl", "pkey", "-passin", "file:" + (folder / "passphrase").string()}, pem).exit_code,
              0);
}

TEST(EncryptedKey, OpensInGnutls) {
    const PrivateKey key = PrivateKey::generate(KeyType::p256);
    const CommandResult result =
        run({"certtool", "--key-info", "--pkcs8", "--password", std::string(kPassphrase)},
            key.to_encrypted_pem(Secret(kPassphrase)));
    EXPECT_EQ(result.exit_code, 0) << result.output;
    EXPECT_THAT(result.output, HasSubstr("EC/ECDSA"));
}

TEST(EncryptedKey, IsHardToGuess) {
    const std::string pem = PrivateKey::generate(KeyType::p256).to_encrypted_pem(Secret(kPassphrase));
    const std::string structure = openssl({"asn1parse"}, pem);
    EXPECT_THAT(structure, HasSubstr(":PBKDF2"));
    EXPECT_THAT(structure, HasSubstr(":hmacWithSHA256"));
    EXPECT_THAT(structure, HasSubstr(":aes-256-cbc"));
    EXPECT_THAT(structure, HasSubstr("INTEGER           :0927C0")) << "600,000 rounds";
}

TEST(EncryptedKey, IsReadFromOpensslToo) {
    const PrivateKey key = PrivateKey::generate(KeyType::p384);
    const test::TemporaryFolder folder;
    write_file(folder / "passphrase", kPassphrase, kPrivateFile);
    const std::string pem =
        openssl({"pkcs8", "-topk8", "-scrypt", "-passout", "file:" + (folder / "passphrase").string()},
                key.to_pem().text());
    EXPECT_EQ(PrivateKey::from_pem(pem, Secret(kPassphrase)).public_key(), key.public_key());
}

TEST(EncryptedKey, RefusesAWrongPassphraseAndNone) {
    const PrivateKey key = PrivateKey::generate(KeyType::p256);
    const std::string pem = key.to_encrypted_pem(Secret(kPassphrase));
    EXPECT_EQ(PrivateKey::from_pem(pem, Secret(kPassphrase)).public_key(), key.public_key());
    EXPECT_EQ(code_of([&] { (void)PrivateKey::from_pem(pem, Secret(std::string_view("wrong"))); }),
              Code::PassphraseWrong);
    EXPECT_EQ(code_of([&] { (void)PrivateKey::from_pem(pem); }), Code::PassphraseNeeded);
    EXPECT_EQ(code_of([&] { (void)key.to_encrypted_pem({}); }), Code::PassphraseNeeded);
}

TEST(PrivateKey, RefusesWhatIsNoKey) {
    const auto read = [](std::string_view pem) { return code_of([&] { (void)PrivateKey::from_pem(pem); }); };
    EXPECT_EQ(read(""), Code::AuthorityBroken);
    EXPECT_EQ(read("-----BEGIN PRIVATE KEY-----\n"), Code::AuthorityBroken);
    EXPECT_EQ(read(pem_encode("CERTIFICATE", Bytes{0x30, 0x00})), Code::AuthorityBroken);
    EXPECT_EQ(read(pem_encode("PRIVATE KEY", Bytes{0x30, 0x00})), Code::AuthorityBroken);
    EXPECT_EQ(read(pem_encode("ENCRYPTED PRIVATE KEY", Bytes{0x30, 0x00})), Code::AuthorityBroken);
    const Secret pem = PrivateKey::generate(KeyType::p256).to_pem();
    EXPECT_EQ(read(pem.text().substr(0, pem.text().size() / 2)), Code::AuthorityBroken);
}

TEST(PrivateKey, RefusesHalvesThatDoNotMatch) {
    const Secret one = PrivateKey::generate(KeyType::p256).to_der();
    const Secret other = PrivateKey::generate(KeyType::p256).to_der();
    Bytes mixed(one.bytes().begin(), one.bytes().end());
    std::ranges::copy(other.bytes().last(65), mixed.end() - 65);  // the public point of another key
    EXPECT_EQ(code_of([&] { (void)PrivateKey::from_der(mixed); }), Code::AuthorityBroken);
}

TEST(PrivateKey, RefusesKindsThatAreNotOurs) {
    const std::string pem =
        openssl({"genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"});
    EXPECT_EQ(code_of([&] { (void)PrivateKey::from_pem(pem); }), Code::KeyTypeUnsupported);
}

}  // namespace
}  // namespace countersign::pki
