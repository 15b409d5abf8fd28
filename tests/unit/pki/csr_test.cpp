// Requests made by openssl and certtool, as people and boards make them.
#include "host/pki/csr.h"

#include "host/pki/der.h"
#include "host/pki/pem.h"
#include "tests/unit/pki/support.h"

namespace countersign::pki {
namespace {

using ::testing::HasSubstr;

Csr parse(const std::string& text) {
    return parse_csr(der::text(text));
}
Code refusal(const std::string& text) {
    return code_of([&] { (void)parse(text); });
}

// `openssl req` with a new key; `key` as for -newkey.
std::string request(const std::vector<std::string>& key, const std::string& subject,
                    const std::vector<std::string>& more = {}) {
    const test::TemporaryFolder folder;
    std::vector<std::string> arguments{
        "req",   "-new",  "-batch", "-nodes",           "-keyout", folder / "key.pem",
        "-subj", subject, "-out",   folder / "request", "-newkey"};
    arguments.insert(arguments.end(), key.begin(), key.end());
    arguments.insert(arguments.end(), more.begin(), more.end());
    openssl(arguments);
    const std::vector<std::uint8_t> bytes = read_file(folder / "request");
    return {bytes.begin(), bytes.end()};
}

const std::vector<std::string> kP256{"ec", "-pkeyopt", "ec_paramgen_curve:P-256"};

TEST(Csr, IsReadFromPemAndDer) {
    EXPECT_EQ(parse(request(kP256, "/CN=kitchen-1")).name, "kitchen-1");
    const Csr csr = parse(request(kP256, "/CN=kitchen-1", {"-outform", "DER"}));
    EXPECT_EQ(csr.name, "kitchen-1");
    EXPECT_EQ(csr.public_key.type, KeyType::p256);
}

TEST(Csr, IsReadWithTheTextThatOpensslAdds) {
    EXPECT_EQ(parse(request(kP256, "/CN=kitchen-1", {"-text"})).name, "kitchen-1");
}

TEST(Csr, IsReadForEachKindOfKey) {
    EXPECT_EQ(parse(request({"rsa:2048"}, "/CN=a")).public_key.type, KeyType::rsa2048);
    EXPECT_EQ(parse(request({"rsa:3072"}, "/CN=a")).public_key.type, KeyType::rsa3072);
    EXPECT_EQ(parse(request({"rsa:4096"}, "/CN=a")).public_key.type, KeyType::rsa4096);
    EXPECT_EQ(parse(request({"ed25519"}, "/CN=a")).public_key.type, KeyType::ed25519);
    EXPECT_EQ(
        parse(request({"ec", "-pkeyopt", "ec_paramgen_curve:P-384"}, "/CN=a", {"-sha384"})).public_key.type,
        KeyType::p384);
}

TEST(Csr, IsReadFromGnutls) {
    const test::TemporaryFolder folder;
    write_file(folder / "template", "cn = kitchen-1\n", kPublicFile);
    run({"certtool", "--generate-privkey", "--key-type", "ecdsa", "--curve", "secp256r1", "--outfile",
         folder / "key"});
    const CommandResult made = run({"certtool", "--generate-request", "--load-privkey", folder / "key",
                                    "--template", folder / "template", "--outfile", folder / "request"});
    ASSERT_EQ(made.exit_code, 0) << made.output;
    EXPECT_EQ(parse(read_text(folder / "request")).name, "kitchen-1");
}

TEST(Csr, BecomesACertificateOfItsKey) {
    Bench bench;
    const Verifier verifier(bench);
    const std::string text =
        request(kP256, "/O=Somebody/CN=kitchen-1",
                {"-addext", "subjectAltName=DNS:evil.local", "-addext", "basicConstraints=CA:TRUE"});
    const Csr csr = parse(text);
    const Certificate made = bench.issuer.issue(Profile({Role::device}), {csr.name, csr.public_key, {}});
    EXPECT_EQ(openssl({"x509", "-noout", "-pubkey"}, to_pem(made)),
              openssl({"req", "-noout", "-pubkey"}, text));
    const std::string said = openssl({"x509", "-noout", "-text"}, to_pem(made));
    EXPECT_THAT(said, testing::Not(HasSubstr("evil"))) << "what a request asks for is ignored";
    EXPECT_THAT(said, HasSubstr("CA:FALSE"));
    EXPECT_EQ(verifier.verify(made, {"-purpose", "sslclient"}).exit_code, 0);
}

TEST(Csr, OfEd25519IsRefusedForABoard) {
    Bench bench;
    const Csr csr = parse(request({"ed25519"}, "/CN=kitchen-1"));
    EXPECT_EQ(code_of([&] {
                  (void)bench.issuer.issue(Profile({Role::device}), {csr.name, csr.public_key, {}});
              }),
              Code::KeyTypeUnsupported);
}

TEST(Csr, IsRefusedForItsKey) {
    EXPECT_EQ(refusal(request({"rsa:1024"}, "/CN=a")), Code::KeyTypeUnsupported);
    EXPECT_EQ(refusal(request({"ec", "-pkeyopt", "ec_paramgen_curve:secp256k1"}, "/CN=a")),
              Code::KeyTypeUnsupported);
}

TEST(Csr, IsRefusedForItsName) {
    EXPECT_EQ(refusal(request(kP256, "/O=nobody")), Code::CsrInvalid);
    EXPECT_EQ(refusal(request(kP256, "/CN=a/CN=b")), Code::CsrInvalid);
    EXPECT_EQ(refusal(request(kP256, "/CN=two words")), Code::NameInvalid);
    EXPECT_EQ(refusal(request(kP256, "/CN=birth~a")), Code::NameInvalid);
}

TEST(Csr, IsRefusedForAWeakDigest) {
    EXPECT_EQ(refusal(request(kP256, "/CN=a", {"-sha1"})), Code::CsrInvalid);
}

// OpenSSL's -sigopt names them; the hash of the mask is the other one unless told.
TEST(Csr, IsRefusedForAWeakDigestWithinRsaPss) {
    const auto pss = [](const char* digest, const std::vector<std::string>& more) {
        std::vector<std::string> options{digest, "-sigopt", "rsa_padding_mode:pss"};
        options.insert(options.end(), more.begin(), more.end());
        return request({"rsa:2048"}, "/CN=a", options);
    };
    EXPECT_EQ(parse(pss("-sha256", {})).name, "a");
    EXPECT_EQ(refusal(pss("-sha1", {})), Code::CsrInvalid);
    EXPECT_EQ(refusal(pss("-sha224", {})), Code::CsrInvalid);
    EXPECT_EQ(refusal(pss("-sha256", {"-sigopt", "rsa_mgf1_md:sha1"})), Code::CsrInvalid);
}

TEST(Csr, IsFoundBesideTheKeyThatAToolWroteBeforeIt) {
    const std::string key = openssl({"ecparam", "-name", "prime256v1", "-genkey"});
    const std::string one = request(kP256, "/CN=kitchen-1");
    EXPECT_EQ(parse(key + one).name, "kitchen-1");
    EXPECT_EQ(refusal(key), Code::CsrInvalid);
    EXPECT_THAT(detail_of([&] { (void)parse(key); }), HasSubstr("no request"));
    EXPECT_THAT(detail_of([&] { (void)parse(one + request(kP256, "/CN=b")); }), HasSubstr("several"));
}

TEST(Csr, IsReadAsWindowsWritesIt) {
    const std::string text = request(kP256, "/CN=kitchen-1");
    std::string crlf;
    std::string utf16 = "\xFF\xFE";
    for (const char c : text) {
        if (c == '\n') crlf += '\r';
        crlf += c;
        utf16 += c;
        utf16 += '\0';
    }
    EXPECT_EQ(parse("\xEF\xBB\xBF" + crlf).name, "kitchen-1");
    EXPECT_EQ(parse(utf16).name, "kitchen-1");
}

TEST(Csr, WithoutANameTakesTheOneItIsGiven) {
    const std::string nameless = request(kP256, "/O=nobody");
    EXPECT_EQ(parse_csr(der::text(nameless), "kitchen-1").name, "kitchen-1");
    EXPECT_EQ(parse_csr(der::text(request(kP256, "/CN=a")), "b").name, "a") << "the caller compares";
    EXPECT_EQ(code_of([&] { (void)parse_csr(der::text(request(kP256, "/CN=a/CN=b")), "a"); }),
              Code::CsrInvalid);
}

TEST(Csr, IsRefusedWithAnotherSignature) {
    std::string der = request(kP256, "/CN=kitchen-1", {"-outform", "DER"});
    const std::size_t name = der.find("kitchen-1");
    ASSERT_NE(name, std::string::npos);
    der[name] = 'K';
    EXPECT_EQ(refusal(der), Code::CsrInvalid);
    EXPECT_THAT(detail_of([&] { (void)parse(der); }), HasSubstr("signature"));
}

TEST(Csr, IsRefusedWhenItIsSomethingElse) {
    EXPECT_EQ(refusal(""), Code::CsrInvalid);
    EXPECT_EQ(refusal("hello"), Code::CsrInvalid);
    EXPECT_EQ(refusal(std::string(kMaxCsrSize + 1, '0')), Code::CsrInvalid);
    Bench bench;
    EXPECT_EQ(refusal(to_pem(bench.client("kitchen-1"))), Code::CsrInvalid) << "a certificate";
    const std::string der = request(kP256, "/CN=kitchen-1", {"-outform", "DER"});
    EXPECT_EQ(refusal(der + '\0'), Code::CsrInvalid) << "something behind it";
    for (std::size_t size = 0; size < der.size(); size += 7) {
        EXPECT_EQ(refusal(der.substr(0, size)), Code::CsrInvalid) << "cut after " << size;
    }
}

}  // namespace
}  // namespace countersign::pki
