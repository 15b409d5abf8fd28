// What must not be issued, and what must not verify.
#include "host/pki/verify.h"

#include "tests/unit/pki/support.h"

namespace countersign::pki {
namespace {

using std::chrono::days;
using ::testing::HasSubstr;

TEST(Issuer, RefusesNamesThatAreNone) {
    Bench bench;
    for (const std::string& name :
         {std::string(), std::string("a b"), std::string(".hidden"), std::string("birth~a"),
          std::string(65, 'a'), std::string("a\0b", 3), std::string("a/b")}) {
        EXPECT_EQ(code_of([&] { (void)bench.client(name); }), Code::NameInvalid) << name;
    }
    EXPECT_NO_THROW((void)bench.client(std::string(64, 'a')));
}

TEST(Issuer, RefusesEd25519ForBoards) {
    Bench bench;
    EXPECT_EQ(code_of([&] { (void)bench.client("kitchen-1", Role::device, KeyType::ed25519); }),
              Code::KeyTypeUnsupported);
    EXPECT_EQ(bench.client("anna", Role::operator_, KeyType::ed25519).info.key_type, KeyType::ed25519);
}

TEST(Issuer, RefusesABrokerWithoutHostsAndADeviceWithThem) {
    Bench bench;
    EXPECT_EQ(code_of([&] { (void)bench.broker({}); }), Code::HostInvalid);
    EXPECT_EQ(code_of([&] { (void)bench.broker(std::vector<std::string>(33, "a.local")); }),
              Code::HostInvalid);
    const LeafRequest request{
        "kitchen-1", PrivateKey::generate(KeyType::p256).public_key(), {HostName::parse("broker.local")}};
    EXPECT_EQ(code_of([&] { (void)bench.issuer.issue(Profile({Role::device}), request); }),
              Code::HostInvalid);
}

TEST(Issuer, RefusesALifeLongerThanItsCas) {
    Bench bench(KeyType::p256, kNow, kNow + days{400});
    EXPECT_NO_THROW((void)bench.client("kitchen-1"));
    bench.clock.set(kNow + days{36});
    EXPECT_EQ(code_of([&] { (void)bench.client("kitchen-1"); }), Code::ValidityInvalid);
    EXPECT_EQ(bench.client("kitchen-1", Role::birth).info.not_after, kNow + days{400}) << "clipped";
}

TEST(Issuer, RefusesAClockBeforeTheAuthority) {
    Bench bench;
    bench.clock.set(kNow - days{2});
    EXPECT_EQ(code_of([&] { (void)bench.client("kitchen-1"); }), Code::CertNotYet);
}

TEST(Issuer, RefusesAnotherCasKey) {
    Bench bench;
    KeySigner stranger(PrivateKey::generate(KeyType::p256));
    EXPECT_EQ(code_of([&] { Issuer(bench.authority, stranger, bench.clock, bench.random); }),
              Code::AuthorityBroken);
}

// A signer that breaks in the middle of its work: bad memory, a bad device.
class BrokenSigner final : public Signer {
  public:
    explicit BrokenSigner(Signer& inner) : inner_(inner) {}
    [[nodiscard]] const PublicKey& public_key() const noexcept override { return inner_.public_key(); }
    [[nodiscard]] Bytes sign(ByteView tbs) override {
        Bytes other(tbs.begin(), tbs.end());
        other.back() ^= 1;
        return inner_.sign(other);
    }

  private:
    Signer& inner_;
};

TEST(Issuer, ThrowsAwayWhatDoesNotVerify) {
    Bench bench;
    BrokenSigner broken(bench.signer);
    Issuer issuer(bench.authority, broken, bench.clock, bench.random);
    const LeafRequest request{"kitchen-1", PrivateKey::generate(KeyType::p256).public_key(), {}};
    const auto issue = [&] { (void)issuer.issue(Profile({Role::device}), request); };
    EXPECT_EQ(code_of(issue), Code::CertInvalid);
    EXPECT_THAT(detail_of(issue), HasSubstr("signature failure"));
    BulkIssuer bulk(issuer, Profile({Role::device}), KeyType::p256);
    EXPECT_EQ(code_of([&] { (void)bulk.issue("kitchen-1"); }), Code::CertInvalid);
}

class Zeros final : public Random {
  public:
    void fill(std::span<std::uint8_t> bytes) override { std::ranges::fill(bytes, std::uint8_t{0}); }
};

TEST(Issuer, RefusesASerialOfZero) {
    Bench bench;
    Zeros zeros;
    Issuer issuer(bench.authority, bench.signer, bench.clock, zeros);
    const LeafRequest request{"kitchen-1", PrivateKey::generate(KeyType::p256).public_key(), {}};
    EXPECT_EQ(code_of([&] { (void)issuer.issue(Profile({Role::device}), request); }), Code::Internal);
}

struct Verification : testing::Test {
    Bench bench;
    Certificate client = bench.client("kitchen-1");
    Certificate broker = bench.broker({"192.168.1.22", "broker.local"});

    [[nodiscard]] Code verdict(const Certificate& leaf, const Bench& by, Question question) const {
        return code_of([&] {
            verify_strictly(leaf, {&by.issuing.certificate, 1}, {&by.root.certificate, 1}, question);
        });
    }
};

TEST_F(Verification, TakesWhatIsRight) {
    EXPECT_NO_THROW(verify_strictly(broker, {&bench.issuing.certificate, 1}, {&bench.root.certificate, 1},
                                    {Purpose::server, kNow, HostName::parse("192.168.1.22")}));
}

TEST_F(Verification, RefusesAnotherIssuer) {
    const Bench other;
    EXPECT_EQ(verdict(client, other, {Purpose::client, kNow, {}}), Code::CertInvalid);
}

TEST_F(Verification, RefusesAPathThatIsNotComplete) {
    EXPECT_EQ(code_of([&] {
                  verify_strictly(client, {}, {&bench.root.certificate, 1}, {Purpose::client, kNow, {}});
              }),
              Code::CertInvalid);
    EXPECT_EQ(code_of([&] {
                  verify_strictly(client, {}, {&bench.issuing.certificate, 1}, {Purpose::client, kNow, {}});
              }),
              Code::CertInvalid);
}

TEST_F(Verification, RefusesEveryFlippedOctet) {
    int refused_later = 0;
    for (std::size_t at = 0; at < client.der.size(); ++at) {
        Bytes tampered = client.der;
        tampered[at] ^= 0x01;
        try {
            const Certificate parsed = parse_certificate(tampered);
            EXPECT_EQ(verdict(parsed, bench, {Purpose::client, kNow, {}}), Code::CertInvalid) << at;
            ++refused_later;
        } catch (const Error& error) {
            EXPECT_EQ(error.id(), Code::CertInvalid) << at;
        }
    }
    EXPECT_GT(refused_later, 100) << "most still parse, and fail by their signature";
}

TEST_F(Verification, RefusesTheWrongTime) {
    EXPECT_EQ(verdict(client, bench, {Purpose::client, kNow + days{366}, {}}), Code::CertExpired);
    EXPECT_EQ(verdict(client, bench, {Purpose::client, kNow - days{2}, {}}), Code::CertNotYet);
}

TEST_F(Verification, RefusesTheWrongPurpose) {
    EXPECT_EQ(verdict(client, bench, {Purpose::server, kNow, {}}), Code::CertInvalid);
    EXPECT_EQ(verdict(broker, bench, {Purpose::client, kNow, {}}), Code::CertInvalid);
}

TEST_F(Verification, RefusesTheWrongHost) {
    EXPECT_EQ(verdict(broker, bench, {Purpose::server, kNow, HostName::parse("other.local")}),
              Code::BrokerName);
    EXPECT_EQ(verdict(broker, bench, {Purpose::server, kNow, HostName::parse("192.168.1.23")}),
              Code::BrokerName);
    EXPECT_EQ(verdict(client, bench, {Purpose::client, kNow, HostName::parse("kitchen-1")}), Code::BrokerName)
        << "a CN is no host name";
}

TEST_F(Verification, RefusesALeafAsIssuer) {
    EXPECT_EQ(code_of([&] {
                  verify_strictly(client, {}, {&broker, 1}, {Purpose::client, kNow, {}});
              }),
              Code::CertInvalid);
}

}  // namespace
}  // namespace countersign::pki
