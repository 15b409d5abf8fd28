// Every product against openssl and GnuTLS, in the roles and by the names the other side will ask for.
#include "tests/unit/pki/support.h"

namespace countersign::pki {
namespace {

using std::chrono::days;
using ::testing::HasSubstr;

std::string text_of(const Certificate& certificate) {
    return openssl({"x509", "-noout", "-text", "-nameopt", "RFC2253"}, to_pem(certificate));
}

class EveryPair : public testing::TestWithParam<std::tuple<KeyType, KeyType>> {};
INSTANTIATE_TEST_SUITE_P(Keys, EveryPair,
                         testing::Combine(testing::Values(KeyType::p256, KeyType::p384, KeyType::rsa2048),
                                          testing::Values(KeyType::p256, KeyType::p384, KeyType::rsa2048)),
                         [](const auto& test) {
                             return std::string(to_string(std::get<0>(test.param))) + "_signs_" +
                                    std::string(to_string(std::get<1>(test.param)));
                         });

TEST_P(EveryPair, VerifiesStrictly) {
    const auto [ca, leaf] = GetParam();
    Bench bench(ca);
    const Verifier verifier(bench);
    const Certificate client = bench.client("kitchen-1", Role::device, leaf);
    const CommandResult result = verifier.verify(client, {"-purpose", "sslclient"});
    EXPECT_EQ(result.exit_code, 0) << result.output;
    EXPECT_NE(verifier.verify(client, {"-purpose", "sslserver"}).exit_code, 0) << "a client is no server";
}

TEST(Device, SaysWhoItIs) {
    Bench bench;
    const std::string text = text_of(bench.client("kitchen-1"));
    EXPECT_THAT(text, HasSubstr("Version: 3"));
    EXPECT_THAT(text, HasSubstr("Subject: CN=kitchen-1\n"));
    EXPECT_THAT(text, HasSubstr("Subject Alternative Name: \n                "
                                "URI:urn:countersign:device:kitchen-1, URI:urn:countersign:role:device\n"));
    EXPECT_THAT(text, HasSubstr("Extended Key Usage: \n                TLS Web Client Authentication\n"));
    EXPECT_THAT(text, HasSubstr("Basic Constraints: critical\n                CA:FALSE\n"));
    EXPECT_THAT(text, HasSubstr("Key Usage: critical\n                Digital Signature\n"));
    EXPECT_THAT(text, HasSubstr("Authority Key Identifier"));
    EXPECT_THAT(text, HasSubstr("Subject Key Identifier"));
    EXPECT_THAT(text, HasSubstr("Not Before: Feb 28 12:00:00 2026 GMT")) << "backdated a day";
    EXPECT_THAT(text, HasSubstr("Not After : Mar  1 12:00:00 2027 GMT"));
}

TEST(Device, IsSmallEnoughForABoard) {
    Bench bench;
    EXPECT_LT(bench.client("kitchen-1").der.size(), 560U);
}

TEST(Device, VerifiesWithGnutls) {
    Bench bench(KeyType::p256, SystemClock().now());
    const Certificate client = bench.client("kitchen-1");
    const CommandResult result =
        run({"certtool", "--verify-chain"}, to_pem(client) + bench.authority.ca_pem());
    EXPECT_THAT(result.output, HasSubstr("Chain verification output: Verified."));
    EXPECT_THAT(run({"certtool", "-i"}, to_pem(client)).output,
                HasSubstr("URI: urn:countersign:device:kitchen-1"));
}

class EveryClientRole : public testing::TestWithParam<Role> {};
INSTANTIATE_TEST_SUITE_P(Roles, EveryClientRole,
                         testing::Values(Role::device, Role::birth, Role::operator_, Role::responder),
                         [](const auto& test) { return std::string(to_string(test.param)); });

TEST_P(EveryClientRole, IsSaidInTheCertificate) {
    Bench bench;
    const Verifier verifier(bench);
    const Certificate client = bench.client("kitchen-1", GetParam());
    EXPECT_EQ(client.info.role, GetParam());
    EXPECT_THAT(text_of(client),
                HasSubstr("URI:urn:countersign:role:" + std::string(to_string(GetParam())) + "\n"));
    const CommandResult result = verifier.verify(client, {"-purpose", "sslclient"});
    EXPECT_EQ(result.exit_code, 0) << result.output;
}

TEST(Birth, PracticallyNeverExpires) {
    Bench bench;
    const Certificate birth = bench.client("kitchen-1", Role::birth);
    EXPECT_THAT(text_of(birth), HasSubstr("Not After : Dec 31 23:59:59 9999 GMT"));
    EXPECT_THAT(openssl({"asn1parse"}, to_pem(birth)), HasSubstr("GENERALIZEDTIME   :99991231235959Z"));
    const Verifier verifier(bench);
    const CommandResult in_a_century = verifier.verify(birth, {"-attime", "4928000000"});
    EXPECT_EQ(in_a_century.exit_code, 0) << in_a_century.output;
}

const std::vector<std::string> kHosts{"192.168.1.22", "broker.local", "2001:db8::7", "localhost"};

TEST(Broker, VerifiesForEachHost) {
    Bench bench;
    const Verifier verifier(bench);
    const Certificate broker = bench.broker(kHosts);
    for (const std::string& host : kHosts) {
        const char* option = HostName::parse(host).is_ip() ? "-verify_ip" : "-verify_hostname";
        const CommandResult result = verifier.verify(broker, {"-purpose", "sslserver", option, host});
        EXPECT_EQ(result.exit_code, 0) << host << result.output;
    }
    EXPECT_NE(verifier.verify(broker, {"-verify_hostname", "other.local"}).exit_code, 0);
    EXPECT_NE(verifier.verify(broker, {"-verify_ip", "192.168.1.23"}).exit_code, 0);
    EXPECT_NE(verifier.verify(broker, {"-purpose", "sslclient"}).exit_code, 0) << "a server is no client";
}

TEST(Broker, NamesThenAddressesThenAddressesForOldBoards) {
    Bench bench;
    const Verifier verifier(bench);
    const std::vector<std::string> in_order{"broker.local", "localhost", "192.168.1.22", "2001:db8::7"};
    const std::string strict =
        "DNS:broker.local, DNS:localhost, IP Address:192.168.1.22, IP Address:2001:DB8:0:0:0:0:0:7, ";
    const Certificate broker = bench.broker(kHosts);
    EXPECT_THAT(text_of(broker), HasSubstr(strict + "URI:"));
    EXPECT_EQ(broker.info.hosts, in_order);
    EXPECT_EQ(broker.info.role, Role::broker);
    EXPECT_NE(verifier.verify(broker, {"-verify_hostname", "192.168.1.22"}).exit_code, 0);
    const Certificate for_old = bench.broker(kHosts, OldBoards::served);
    EXPECT_THAT(text_of(for_old), HasSubstr(strict + "DNS:192.168.1.22, URI:")) << "never for IPv6";
    const CommandResult as_name = verifier.verify(for_old, {"-verify_hostname", "192.168.1.22"});
    EXPECT_EQ(as_name.exit_code, 0) << as_name.output;
    EXPECT_EQ(for_old.info.hosts, in_order) << "each once";
}

TEST(Broker, VerifiesWithGnutls) {
    Bench bench(KeyType::p256, SystemClock().now());
    const Verifier verifier(bench);
    const std::string chain = to_pem(bench.broker(kHosts)) + to_pem(bench.issuing.certificate);
    const auto verify = [&](const std::string& host) {
        return run({"certtool", "--verify", "--load-ca-certificate", verifier.root(), "--verify-purpose",
                    "1.3.6.1.5.5.7.3.1", "--verify-hostname", host},
                   chain);
    };
    for (const std::string& host : kHosts) EXPECT_EQ(verify(host).exit_code, 0) << verify(host).output;
    EXPECT_NE(verify("other.local").exit_code, 0);
}

TEST(Broker, IsNeverInTheFutureOfAnOldClock) {
    Bench bench;
    bench.clock.set(kNow + days{2000});
    const Certificate broker = bench.broker({"broker.local"});
    EXPECT_EQ(broker.info.not_before, bench.root.certificate.info.not_before);
    EXPECT_EQ(broker.info.not_after, kNow + days{2000} + kDefaultLifetime);
}

TEST(Serial, NeverRepeats) {
    Bench bench;
    EXPECT_NE(bench.client("kitchen-1").info.serial, bench.client("kitchen-1").info.serial);
    const std::string serial = bench.client("kitchen-1").info.serial;
    EXPECT_EQ(serial.size(), 32U);
}

TEST(Certificate, IsDescribedAsOpensslSees) {
    Bench bench;
    const Certificate client = bench.client("kitchen-1");
    const std::string fingerprint =
        openssl({"x509", "-noout", "-fingerprint", "-sha256", "-serial"}, to_pem(client));
    std::string plain;
    for (const char c : fingerprint) {
        if (c != ':') plain.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(c))));
    }
    EXPECT_THAT(plain, HasSubstr("fingerprint=" + to_hex(client.info.fingerprint)));
    EXPECT_THAT(plain, HasSubstr("serial=" + client.info.serial));
}

}  // namespace
}  // namespace countersign::pki
