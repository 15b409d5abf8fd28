// The experiments can tell: each is run where it must succeed and where it must not.
#include <gtest/gtest.h>

#include "bench/authentication/attacks.h"
#include "bench/authentication/records.h"
#include "bench/authentication/theft.h"
#include "bench/support/support.h"

namespace countersign::bench {
namespace {

const Victim kClear{"", Method::clear};
const Victim kUnchecked{"", Method::tls, Tls::firmware, false};
const Victim kChecked{"", Method::tls};

class Attacks : public testing::Test {
  protected:
    Deployment& deploy(Method method) {
        const auto folder = folder_.path() / std::to_string(deployments_.size());
        return *deployments_.emplace_back(std::make_unique<Deployment>(folder, method));
    }
    [[nodiscard]] Overheard impersonated(const Victim& victim) {
        return impersonate(clients_, victim, deploy(victim.method), folder_.path());
    }

    TemporaryFolder folder_;
    Clients clients_{folder_.path()};
    std::vector<std::unique_ptr<Deployment>> deployments_;
};

TEST_F(Attacks, the_eavesdropper_finds_password_and_payload_in_the_clear_and_neither_in_TLS) {
    for (const Victim& victim : {kClear, kChecked}) {
        Deployment& deployment = deploy(victim.method);
        const Captured captured = eavesdrop(clients_, victim, deployment);
        EXPECT_EQ(deployment.broker().let_in(kDeviceA), 1U);
        const bool clear = victim.method == Method::clear;
        EXPECT_EQ(captured.shows(deployment.secrets(kDeviceA).password), clear);
        EXPECT_EQ(captured.shows(kPayload), clear);
    }
}

TEST_F(Attacks, a_replay_is_let_in_in_the_clear_and_not_with_TLS) {
    for (const Victim& victim : {kClear, kChecked}) {
        Deployment& deployment = deploy(victim.method);
        const Captured captured = eavesdrop(clients_, victim, deployment);
        EXPECT_EQ(replay(captured, deployment), victim.method == Method::clear);
    }
}

TEST_F(Attacks, the_man_in_the_middle_hears_and_passes_for_a_device_that_checks_nobody) {
    const Overheard overheard = impersonated(kUnchecked);
    EXPECT_NE(overheard.plain.find("secret-"), std::string::npos);
    EXPECT_NE(overheard.plain.find(kPayload), std::string::npos);
    EXPECT_TRUE(overheard.let_in);
}

TEST_F(Attacks, the_man_in_the_middle_hears_nothing_from_a_device_that_checks_the_broker) {
    const Overheard overheard = impersonated(kChecked);
    EXPECT_EQ(overheard.plain, "");
    EXPECT_FALSE(overheard.let_in);
}

TEST_F(Attacks, the_man_in_the_middle_of_unchecked_mTLS_hears_but_does_not_pass) {
    const Overheard overheard = impersonated({"", Method::mtls, Tls::firmware, false});
    EXPECT_NE(overheard.plain.find(kPayload), std::string::npos);
    EXPECT_FALSE(overheard.let_in);
}

Theft stolen(Method method, Accounts accounts) {
    const TemporaryFolder folder;
    Deployment deployment(folder.path() / "it", method, accounts);
    return steal("", deployment);
}

TEST(Thefts, one_password_for_all_opens_all_and_cannot_be_changed_for_one) {
    const Theft theft = stolen(Method::tls, Accounts::shared);
    EXPECT_TRUE(theft.as_itself);
    EXPECT_TRUE(theft.as_another_user);
    EXPECT_FALSE(theft.still_gets_in);
    EXPECT_FALSE(theft.other_gets_in);
}

TEST(Thefts, a_password_of_its_own_opens_one_and_is_taken_from_one) {
    const Theft theft = stolen(Method::tls, Accounts::own);
    EXPECT_TRUE(theft.as_itself);
    EXPECT_FALSE(theft.as_another_user);
    EXPECT_FALSE(theft.still_gets_in);
    EXPECT_TRUE(theft.other_gets_in);
}

TEST(Thefts, a_certificate_opens_one_and_revoke_ends_its_session) {
    const Theft theft = stolen(Method::mtls, Accounts::own);
    EXPECT_TRUE(theft.as_itself);
    EXPECT_FALSE(theft.as_another_user);
    EXPECT_FALSE(theft.under_its_id);
    EXPECT_TRUE(theft.session_ended);
    EXPECT_FALSE(theft.still_gets_in);
    EXPECT_TRUE(theft.other_gets_in);
}

TEST(Records, handshake_and_first_data_are_told_apart) {
    const auto record = [](char type, std::size_t size) {
        return std::string{type, 3, 3, 0, static_cast<char>(size)} + std::string(size, 'x');
    };
    const Captured captured{record(22, 10) + record(20, 1) + record(22, 40) + record(23, 30) + record(23, 50),
                            record(22, 7) + record(21, 2) + record(23, 28)};
    const Bytes bytes = bytes_to_connack(captured, true);
    EXPECT_EQ(bytes.handshake_up, 15U + 6U + 45U);
    EXPECT_EQ(bytes.handshake_down, 12U);
    EXPECT_EQ(bytes.mqtt, 35U + 33U);
}

TEST(Records, without_TLS_there_is_only_MQTT) {
    const Bytes bytes = bytes_to_connack({"\x10\x03xyz\x30\x01z", std::string("\x20\x02\0\0", 4)}, false);
    EXPECT_EQ(bytes.all(), 5U + 4U);
    EXPECT_EQ(bytes.mqtt, 9U);
}

}  // namespace
}  // namespace countersign::bench
