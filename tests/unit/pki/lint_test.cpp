// Each rule of the linter, broken once in an otherwise right certificate.
#include "host/pki/lint.h"

#include "host/pki/ca.h"
#include "host/pki/der.h"
#include "host/pki/extensions.h"
#include "host/pki/tbs.h"
#include "tests/unit/pki/support.h"

namespace countersign::pki {
namespace {

using std::chrono::days;
using ::testing::HasSubstr;

// A right TBSCertificate, part by part, for a test to spoil.
struct Draft : testing::Test {
    Bench bench;
    CaConstants ca = constants_of(bench.issuing.certificate, bench.signer);
    PublicKey key = PrivateKey::generate(KeyType::p256).public_key();
    Role role = Role::device;
    Bytes serial{0x01};
    Bytes issuer = ca.name;
    Seconds not_before = kNow - days{1};
    Seconds not_after = kNow + days{365};
    Bytes subject = encode_name("kitchen-1");
    Bytes constraints = basic_constraints(KeyUse::end_entity);
    Bytes usage = key_usage(KeyUse::end_entity);
    Bytes purpose = extended_key_usage(Role::device);
    Bytes authority = ca.authority_id;
    Bytes identifier = subject_key_identifier(key_identifier(key));
    Bytes names = client_names("kitchen-1", Role::device);
    Bytes more;

    [[nodiscard]] Bytes tbs() const {
        return encode_tbs({serial, ca.algorithm, issuer, not_before, not_after, subject, key.spki},
                          {constraints, usage, purpose, authority, identifier, names, more});
    }
    void lint(const Bytes& bytes) const {
        lint_leaf(bytes, Profile({role}), bench.issuing.certificate, kNow);
    }
    [[nodiscard]] std::string broken_rule() const { return broken_rule_of(tbs()); }
    [[nodiscard]] std::string broken_rule_of(const Bytes& bytes) const {
        return detail_of([&] { lint(bytes); });
    }
};

using Lint = Draft;

TEST_F(Lint, LetsARightOnePass) {
    EXPECT_NO_THROW(lint(tbs()));
}

TEST_F(Lint, RefusesBytesThatAreNoCertificate) {
    EXPECT_THAT(broken_rule_of({}), HasSubstr("SEQUENCE"));
    Bytes cut = tbs();
    cut.pop_back();
    EXPECT_THAT(broken_rule_of(cut), HasSubstr("SEQUENCE"));
}

TEST_F(Lint, Rfc5280_4_1_2_1_version) {
    Bytes version_2 = tbs();
    const Bytes version{0xa0, 0x03, 0x02, 0x01, 0x02};
    const auto at = std::search(version_2.begin(), version_2.end(), version.begin(), version.end());
    *(at + 4) = 0x01;
    EXPECT_THAT(broken_rule_of(version_2), HasSubstr("version 3"));
}

TEST_F(Lint, Rfc5280_4_1_2_2_serial) {
    serial = {};  // encoded as 0
    EXPECT_THAT(broken_rule(), HasSubstr("positive serial"));
    serial = Bytes(20, 0x80);  // 21 octets, with the sign
    EXPECT_THAT(broken_rule(), HasSubstr("20 octets"));
    serial = Bytes(20, 0x7f);
    EXPECT_NO_THROW(lint(tbs()));
}

TEST_F(Lint, Rfc5280_4_1_2_4_issuer) {
    issuer = encode_name("somebody else");
    EXPECT_THAT(broken_rule(), HasSubstr("issuer"));
}

TEST_F(Lint, Rfc5280_4_1_2_5_form_of_dates) {
    // 2027-03-01T12:00:00Z as GeneralizedTime, which is for 2050 and later
    const Bytes bytes = tbs();
    const Bytes utc = der::time(not_after);
    const Bytes generalized = der::element(der::kGeneralizedTime, {der::text("20270301120000Z")});
    const auto whole = der::Reader(bytes).next();
    ASSERT_TRUE(whole);
    const Bytes content(whole->content.begin(), whole->content.end());
    const auto at = std::search(content.begin(), content.end(), utc.begin(), utc.end());
    Bytes spoiled(content.begin(), at);
    spoiled[static_cast<std::size_t>(at - content.begin()) - 16] += 2;  // the length of Validity
    spoiled.insert(spoiled.end(), generalized.begin(), generalized.end());
    spoiled.insert(spoiled.end(), at + static_cast<std::ptrdiff_t>(utc.size()), content.end());
    EXPECT_THAT(broken_rule_of(der::element(der::kSequence, {spoiled})), HasSubstr("UTCTime through 2049"));
}

TEST_F(Lint, RefusesDatesOutsideTheProfile) {
    not_after = kNow + days{366};
    EXPECT_THAT(broken_rule(), HasSubstr("no longer than its profile"));
    not_after = kNow;
    EXPECT_THAT(broken_rule(), HasSubstr("valid now"));
    not_after = kNow + days{1};
    not_before = kNow + std::chrono::seconds{1};
    EXPECT_THAT(broken_rule(), HasSubstr("valid now"));
    not_before = kNow - days{2};
    EXPECT_THAT(broken_rule(), HasSubstr("within that of its CA"));
}

TEST_F(Lint, RefusesNamesThatAreNone) {
    subject = encode_name("two words");
    EXPECT_THAT(broken_rule(), HasSubstr("one CN, a valid name"));
    subject = der::element(der::kSequence, {});
    EXPECT_THAT(broken_rule(), HasSubstr("one CN, a valid name"));
}

TEST_F(Lint, RefusesAKeyTheProfileForbids) {
    key = PrivateKey::generate(KeyType::ed25519).public_key();
    EXPECT_THAT(broken_rule(), HasSubstr("Ed25519"));
}

TEST_F(Lint, RefusesExtensionsTooFewOrTooMany) {
    more = crl_number(1);
    EXPECT_THAT(broken_rule(), HasSubstr("no others"));
    more = {};
    names = {};
    EXPECT_THAT(broken_rule(), HasSubstr("no others"));
    names = usage;
    EXPECT_THAT(broken_rule(), HasSubstr("subjectAltName"));
}

TEST_F(Lint, RefusesAWrongCriticality) {
    // BasicConstraints without its BOOLEAN TRUE
    const Bytes oid{0x55, 0x1d, 0x13};
    const Bytes empty = der::element(der::kSequence, {});
    constraints = der::element(der::kSequence,
                               {der::element(der::kOid, {oid}), der::element(der::kOctetString, {empty})});
    EXPECT_THAT(broken_rule(), HasSubstr("criticality of basicConstraints"));
}

TEST_F(Lint, RefusesACa) {
    constraints = basic_constraints(KeyUse::certificate_authority);
    EXPECT_THAT(broken_rule(), HasSubstr("not a CA"));
}

TEST_F(Lint, RefusesOtherUses) {
    usage = key_usage(KeyUse::certificate_authority);
    EXPECT_THAT(broken_rule(), HasSubstr("digitalSignature"));
    usage = key_usage(KeyUse::end_entity);
    purpose = extended_key_usage(Role::broker);
    EXPECT_THAT(broken_rule(), HasSubstr("extended key usage"));
}

TEST_F(Lint, Rfc5280_4_2_1_1_authority_key_identifier) {
    authority = authority_key_identifier(key_identifier(key));
    EXPECT_THAT(broken_rule(), HasSubstr("authority key identifier"));
}

TEST_F(Lint, Rfc7093_subject_key_identifier) {
    identifier = subject_key_identifier({});
    EXPECT_THAT(broken_rule(), HasSubstr("subject key identifier"));
}

TEST_F(Lint, RefusesNamesOfAnother) {
    names = client_names("kitchen-2", Role::device);
    EXPECT_THAT(broken_rule(), HasSubstr("URIs of name and role"));
    names = client_names("kitchen-1", Role::operator_);
    EXPECT_THAT(broken_rule(), HasSubstr("URIs of name and role"));
    const std::vector<HostName> hosts{HostName::parse("broker.local")};
    names = server_names(hosts, Role::device);
    EXPECT_THAT(broken_rule(), HasSubstr("URIs of name and role"));
}

TEST_F(Lint, RefusesAddressesInTheWrongPlace) {
    role = Role::broker;
    purpose = extended_key_usage(role);
    const std::vector<HostName> hosts{HostName::parse("192.168.1.22"), HostName::parse("broker.local"),
                                      HostName::parse("2001:db8::7")};
    for (const auto old : {OldBoards::served, OldBoards::not_served}) {
        names = server_names(hosts, role, old);
        EXPECT_NO_THROW(lint(tbs()));
    }
    names = server_names({}, role);
    EXPECT_THAT(broken_rule(), HasSubstr("a host"));
    names = server_names(hosts, Role::device);
    EXPECT_THAT(broken_rule(), HasSubstr("URI of its role"));
    const auto turned = [&](const Bytes& from, const char* to) {
        names = server_names(hosts, role, OldBoards::served);
        const auto at = std::search(names.begin(), names.end(), from.begin(), from.end());
        ASSERT_NE(at, names.end());
        std::copy_n(to, from.size(), at);
    };
    turned({0x87, 0x04, 192, 168, 1, 22}, "\x87\x04\x01\x02\x03\x04");
    EXPECT_THAT(broken_rule(), HasSubstr("only as a DNS name"));
    turned({0x82, 0x0c, 'b', 'r', 'o', 'k', 'e', 'r', '.', 'l', 'o', 'c', 'a', 'l'},
           "\x82\x0c"
           "192.168.1.22");
    EXPECT_NO_THROW(lint(tbs())) << "twice is no harm";
    turned({0x82, 0x0c, '1', '9', '2', '.', '1', '6', '8', '.', '1', '.', '2', '2'},
           "\x82\x0c"
           "2001:db8::12");
    EXPECT_THAT(broken_rule(), HasSubstr("no IPv6 address as a DNS name"));
    const std::vector<HostName> address{HostName::parse("192.168.1.22")};
    const std::vector<HostName> name{HostName::parse("broker.local")};
    names = server_names(address, role, OldBoards::served);
    const Bytes late{0x82, 0x01, 'b'};
    // Appended to the sequence of names: extension, octet string and sequence, each with its short length.
    const auto uri = std::find(names.begin(), names.end(), 0x86);
    ASSERT_NE(uri, names.end());
    names.insert(uri, late.begin(), late.end());
    for (const std::size_t length : {std::size_t{1}, std::size_t{8}, std::size_t{10}}) names.at(length) += 3;
    EXPECT_THAT(broken_rule(), HasSubstr("before addresses"));
}

}  // namespace
}  // namespace countersign::pki
