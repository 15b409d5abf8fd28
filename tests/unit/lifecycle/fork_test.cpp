// Two devices with one identity, as the responder sees them.
#include "host/lifecycle/approval.h"
#include "host/lifecycle/responder.h"
#include "tests/unit/lifecycle/renewal_bench.h"

namespace countersign::lifecycle {
namespace {

using testing::HasSubstr;
using enum CertificateState;

class ForkTest : public RenewalBench {
  protected:
    Identity device = enrol("user1");
    Identity next;
    pki::Bytes csr = make_csr("user1", next.key);

    static std::string key_of(const Identity& identity) {
        return pki::to_hex(pki::sha256_of(identity.key.public_key().spki));
    }
    std::string code_of_approval(const std::string& key) {
        try {
            (void)approve(registry, "user1", key);
            return "";
        } catch (const Error& error) {
            return std::string(error.code());
        }
    }
    // As it has had it since its enrolment: enrol() would be a new identity by hand.
    Identity enrol_birth_of_old() {
        Identity birth;
        birth.certificate = bench.issuer.issue(pki::Profile({Role::birth, policy.lifetime}),
                                               {"user1", birth.key.public_key(), {}});
        auto row = as_row(birth.certificate, Role::birth, bench.authority);
        row.state = active;
        row.origin = registry::Origin::renewal;
        registry.add_certificate(row);
        return birth;
    }
};

TEST_F(ForkTest, one_number_with_two_keys_is_a_fork) {
    (void)ask("user1", make_request(device, 1, csr));
    const pki::PrivateKey copy = pki::PrivateKey::generate(pki::KeyType::p256);
    const auto reaction = ask("user1", make_request(device, 1, make_csr("user1", copy)));
    EXPECT_EQ(error_in(reaction), "E-IDENTITY-FORKED");
    EXPECT_THAT(reaction.line, HasSubstr("!!! user1: E-IDENTITY-FORKED"));
    EXPECT_EQ(registry.find_device("user1")->forked, pki::kNow);
    EXPECT_EQ(registry.certificates_of("user1").size(), 2U) << "nothing was signed for it";
    EXPECT_EQ(leaf_in(ask("user1", make_request(device, 1, csr))).info.name, "user1") << "the first goes on";
}

TEST_F(ForkTest, a_retired_key_that_asks_is_a_fork) {
    (void)renew(device, "user1");
    const auto reaction = ask("user1", make_request(device, 2, csr));
    EXPECT_EQ(error_in(reaction), "E-IDENTITY-FORKED");
    EXPECT_TRUE(registry.find_device("user1")->forked);
    EXPECT_THAT(kinds_of("user1"), HasSubstr("forked"));
}

// A copy of the flash whose thief counts on from a number that the genuine board will not come to.
TEST_F(ForkTest, a_lower_number_with_a_new_key_is_a_fork_and_holds_renewals) {
    const Identity thief;
    (void)leaf_in(ask("user1", make_request(device, 1000, make_csr("user1", thief.key))));
    const auto reaction = ask("user1", make_request(device, 1, csr));
    EXPECT_EQ(error_in(reaction), "E-IDENTITY-FORKED");
    EXPECT_THAT(reaction.line, HasSubstr("came after request 1000"));
    EXPECT_TRUE(registry.find_device("user1")->forked);

    // Nothing is signed for either of them from now on, whichever key they sign with.
    const auto count = registry.certificates_of("user1").size();
    const auto birth = enrol_birth_of_old();
    EXPECT_EQ(error_in(ask("user1", make_request(device, 1001, make_csr("user1", Identity().key)))),
              "E-IDENTITY-FORKED");
    EXPECT_EQ(error_in(ask("birth~user1", make_request(birth, 1, make_csr("user1", Identity().key)))),
              "E-IDENTITY-FORKED");
    EXPECT_EQ(registry.certificates_of("user1").size(), count + 1) << "the birth certificate alone";
}

TEST_F(ForkTest, a_person_decides_which_key_is_the_genuine_one) {
    const Identity thief;
    (void)ask("user1", make_request(device, 1000, make_csr("user1", thief.key)));
    const auto request = make_request(device, 1, csr);
    (void)ask("user1", request);
    EXPECT_EQ(code_of_approval(""), "E-IDENTITY-FORKED") << "never whoever asked last";
    EXPECT_EQ(code_of_approval("1234"), "E-USAGE");
    EXPECT_EQ(code_of_approval("00000000ffffffff"), "E-NOTHING-WAITS");
    EXPECT_TRUE(approve(registry, "user1", key_of(next).substr(0, 16)).decided);
    EXPECT_FALSE(registry.find_device("user1")->forked);

    next.certificate = leaf_in(responder().approved("user1"));
    tell("user1", make_state(next));
    EXPECT_EQ(state_of(next), active);
    // The copy has the birth key for ever: what that asks for needs a person's nod from now on.
    const auto birth = enrol_birth_of_old();
    EXPECT_EQ(error_in(ask("birth~user1", make_request(birth, 1, make_csr("user1", Identity().key)))),
              "E-RENEWAL-WAITS");
    registry.remove_waiting("user1");
    next.number = 0;
    EXPECT_EQ(state_of(renew(next, "user1")), active) << "the genuine one renews by itself";
}

TEST_F(ForkTest, the_key_that_works_can_be_decided_for) {
    const Identity working = renew(device, "user1");
    (void)ask("user1", make_request(device, 2, csr));
    EXPECT_TRUE(registry.find_device("user1")->forked);
    const auto approval = approve(registry, "user1", key_of(working));
    EXPECT_TRUE(approval.decided && approval.request.request.empty());
    EXPECT_FALSE(registry.find_device("user1")->forked);
    EXPECT_TRUE(registry.waiting_of("user1").empty());
}

TEST_F(ForkTest, a_second_key_while_one_waits_is_a_fork) {
    policy.birth_needs_nod = true;
    const auto birth = enrol("user1", Role::birth);
    EXPECT_EQ(error_in(ask("birth~user1", make_request(birth, 1, csr))), "E-RENEWAL-WAITS");
    EXPECT_EQ(error_in(ask("birth~user1", make_request(birth, 1000, make_csr("user1", Identity().key)))),
              "E-IDENTITY-FORKED");
    EXPECT_EQ(registry.waiting_of("user1").size(), 2U) << "a person sees both";
    EXPECT_EQ(code_of_approval(""), "E-IDENTITY-FORKED");
}

// As a board does whose Request nobody has answered for a week. A copy shows as soon as the board comes
// again.
TEST_F(ForkTest, the_next_number_with_another_key_waits_beside_the_first) {
    policy.birth_needs_nod = true;
    const auto birth = enrol("user1", Role::birth);
    const auto first = make_request(birth, 1, csr);
    EXPECT_EQ(error_in(ask("birth~user1", first)), "E-RENEWAL-WAITS");
    EXPECT_EQ(error_in(ask("birth~user1", make_request(birth, 2, make_csr("user1", Identity().key)))),
              "E-RENEWAL-WAITS");
    EXPECT_FALSE(registry.find_device("user1")->forked);
    EXPECT_EQ(registry.waiting_of("user1").size(), 2U);
    EXPECT_EQ(code_of_approval(""), "E-IDENTITY-FORKED") << "which of them?";
    EXPECT_EQ(error_in(ask("birth~user1", first)), "E-IDENTITY-FORKED");
}

TEST_F(ForkTest, taking_turns_with_the_birth_key_is_a_fork) {
    const auto birth = enrol("user1", Role::birth);
    Identity one;
    one.certificate = leaf_in(ask("birth~user1", make_request(birth, 1, make_csr("user1", one.key))));
    tell("user1", make_state(one));
    EXPECT_EQ(error_in(ask("birth~user1", make_request(birth, 2, csr))), "E-IDENTITY-FORKED");
    EXPECT_EQ(state_of(one), active);
}

// What one board does: sleeps past the end of what it fetched, and comes again.
TEST_F(ForkTest, the_birth_key_may_come_again_when_what_it_fetched_has_ended) {
    const auto birth = enrol("user1", Role::birth);
    Identity one;
    one.certificate = leaf_in(ask("birth~user1", make_request(birth, 1, make_csr("user1", one.key))));
    tell("user1", make_state(one));
    later(std::chrono::days(100));
    EXPECT_EQ(leaf_in(ask("birth~user1", make_request(birth, 2, csr))).info.name, "user1");
}

TEST_F(ForkTest, a_new_identity_by_hand_ends_a_fork) {
    (void)ask("user1", make_request(device, 1000, make_csr("user1", Identity().key)));
    (void)ask("user1", make_request(device, 1, csr));
    auto given = enrol("user1");
    EXPECT_FALSE(registry.find_device("user1")->forked || registry.was_forked("user1"));
    EXPECT_TRUE(registry.waiting().empty());
    EXPECT_EQ(state_of(renew(given, "user1")), active);
}

TEST_F(ForkTest, a_fork_repeated_fills_no_disk) {
    (void)renew(device, "user1");
    (void)ask("user1", make_request(device, 2, csr));
    const auto events = registry.last_event();
    for (std::uint32_t number = 3; number < 40; ++number) {
        (void)ask("user1", make_request(device, number, csr));
    }
    EXPECT_EQ(registry.last_event(), events);
}

}  // namespace
}  // namespace countersign::lifecycle
