// The host's own identities, and what the first use of a certificate proves, in a home that init made.
#include "host/lifecycle/host_identities.h"

#include <gtest/gtest.h>

#include "host/lifecycle/authority_store.h"
#include "host/lifecycle/first_use.h"
#include "host/lifecycle/init.h"
#include "host/lifecycle/issue.h"
#include "tests/unit/pki/support.h"

namespace countersign::lifecycle {
namespace {

class HostIdentitiesTest : public testing::Test {
  protected:
    HostIdentitiesTest() {
        make_folder(home.root(), kPublicFolder);  // Mosquitto's user must enter
        prepare_init(home);
        (void)init(home,
                   {{pki::HostName::parse("127.0.0.1")}, 8883, pki::KeyType::p256, std::chrono::days(90)},
                   Secret{}, clock);
    }
    [[nodiscard]] static std::string fingerprint_in(const std::filesystem::path& file) {
        return pki::to_hex(pki::parse_certificate_pem(read_text(file)).info.fingerprint);
    }
    // The one certificate of the name that may connect.
    static std::string working(const registry::Registry& registry, std::string_view name) {
        std::string found;
        for (const auto& row : registry.certificates_of(name)) {
            if (may_connect(row.state)) found += pki::to_hex(row.fingerprint);
        }
        return found;
    }

    test::TemporaryFolder folder;
    Home home{folder / "home"};
    pki::FixedClock clock{pki::kNow};
};

TEST_F(HostIdentitiesTest, init_makes_a_responder_once) {
    OpenHome open(home, clock);
    IssuingAuthority authority(home, Secret{}, clock);
    EXPECT_FALSE(ensure_responder(open, authority.issuer()));
    EXPECT_EQ(working(open.registry(), "responder"), fingerprint_in(responder_files(home).certificate));
    EXPECT_NE(read_text(home.acl()).find("user responder~responder"), std::string::npos);
}

TEST_F(HostIdentitiesTest, an_older_home_gets_a_responder) {
    std::filesystem::remove_all(home.responder_folder());
    OpenHome open(home, clock);
    IssuingAuthority authority(home, Secret{}, clock);
    EXPECT_TRUE(ensure_responder(open, authority.issuer()));
    EXPECT_EQ(working(open.registry(), "responder"), fingerprint_in(responder_files(home).certificate));
}

TEST_F(HostIdentitiesTest, all_three_renew_themselves_at_two_thirds_and_keep_their_keys) {
    const auto broker_file = home.broker() / "broker.crt.pem";
    const auto key_before = pki::parse_certificate_pem(read_text(broker_file)).info.spki_sha256;
    {
        clock.set(pki::kNow + std::chrono::days(59));
        OpenHome open(home, clock);
        IssuingAuthority authority(home, Secret{}, clock);
        EXPECT_TRUE(renew_host_identities(open, authority.issuer()).empty());
    }
    clock.set(pki::kNow + std::chrono::days(68));
    OpenHome open(home, clock);
    IssuingAuthority authority(home, Secret{}, clock);
    EXPECT_EQ(renew_host_identities(open, authority.issuer()).size(), 3U);
    EXPECT_TRUE(renew_host_identities(open, authority.issuer()).empty()) << "done";

    const auto broker = pki::parse_certificate_pem(read_text(broker_file));
    EXPECT_EQ(broker.info.not_after, clock.now() + std::chrono::days(90));
    EXPECT_EQ(broker.info.spki_sha256, key_before);
    EXPECT_EQ(broker.info.hosts, std::vector<std::string>{"127.0.0.1"});
    EXPECT_EQ(working(open.registry(), "broker"), fingerprint_in(broker_file));
    EXPECT_EQ(working(open.registry(), "operator"), fingerprint_in(operator_files(home).certificate));
    EXPECT_EQ(working(open.registry(), "responder"), fingerprint_in(responder_files(home).certificate));
}

// --- first use

class FirstUseTest : public HostIdentitiesTest {
  protected:
    registry::Certificate add(OpenHome& open, registry::Origin origin) {
        IssuingAuthority authority(home, Secret{}, clock);
        const auto key = pki::PrivateKey::generate(pki::KeyType::p256);
        auto row = as_row(authority.issuer().issue(pki::Profile({Role::device, std::chrono::days(90)}),
                                                   {"user1", key.public_key(), {}}),
                          Role::device, authority.authority());
        row.origin = origin;
        if (!open.registry().find_device("user1")) {
            open.registry().add_device({"user1", Role::device, {}, "", "", {}});
        }
        open.registry().add_certificate(row);
        return row;
    }
    CertificateState after_use(const registry::Certificate& row) {
        FirstUse first_use(home, clock);
        first_use.admitted("user1", row.serial);
        (void)first_use.settle();
        return registry::Registry::open(home.registry(), clock).find_certificate(row.fingerprint)->state;
    }
    registry::Certificate made(registry::Origin origin) {
        OpenHome open(home, clock);
        return add(open, origin);
    }
};

TEST_F(FirstUseTest, confirms_what_was_issued_by_hand) {
    EXPECT_EQ(after_use(made(registry::Origin::by_hand)), CertificateState::active);
}

// The device only tries it: power cut now, it comes back with the old one, which must still work.
TEST_F(FirstUseTest, does_not_confirm_a_renewed_certificate) {
    const auto old = made(registry::Origin::by_hand);
    EXPECT_EQ(after_use(old), CertificateState::active);
    EXPECT_EQ(after_use(made(registry::Origin::renewal)), CertificateState::pending);
    EXPECT_EQ(after_use(old), CertificateState::active);
}

}  // namespace
}  // namespace countersign::lifecycle
