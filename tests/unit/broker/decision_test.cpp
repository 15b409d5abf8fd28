#include "host/broker/plugin/decision.h"

#include <gtest/gtest.h>

namespace countersign::broker::plugin {
namespace {

using admission::Found;
using enum CertificateState;

constexpr std::int64_t kNow = 1'700'000'000;

Decision ask(Role role, std::string_view client_id, CertificateState state = active,
             std::int64_t not_after = kNow + 1, std::string_view name = "kitchen") {
    return decide(true, {Found::yes, {{}, not_after, role, state}}, kNow, name, client_id);
}

TEST(Decision, nothing_known_is_no) {
    EXPECT_EQ(decide(false, {}, kNow, "a", "a").reason, Reason::no_admission_file);
    EXPECT_EQ(decide(true, {}, kNow, "a", "a").reason, Reason::unknown);
    EXPECT_EQ(decide(true, {Found::damaged, {}}, kNow, "a", "a").reason, Reason::damaged_row);
    EXPECT_EQ(Decision{}.reason, Reason::unknown);
}

TEST(Decision, only_pending_and_active_come_in) {
    EXPECT_EQ(ask(Role::device, "kitchen", pending).reason, Reason::none);
    EXPECT_EQ(ask(Role::device, "kitchen", active).reason, Reason::none);
    EXPECT_EQ(ask(Role::device, "kitchen", retired).reason, Reason::retired);
    EXPECT_EQ(ask(Role::device, "kitchen", held).reason, Reason::held);
    EXPECT_EQ(ask(Role::device, "kitchen", revoked).reason, Reason::revoked);
    EXPECT_EQ(ask(Role::device, "kitchen", CertificateState{}).reason, Reason::damaged_row);
}

// RFC 5280, 4.1.2.5: the last second belongs to the validity period.
TEST(Decision, valid_through_the_last_second) {
    EXPECT_EQ(ask(Role::device, "kitchen", active, kNow).reason, Reason::none);
    EXPECT_EQ(ask(Role::device, "kitchen", active, kNow - 1).reason, Reason::expired);
}

TEST(Decision, the_user_name_is_of_the_role) {
    EXPECT_EQ(ask(Role::device, "kitchen").username, "kitchen");
    EXPECT_EQ(ask(Role::birth, "birth~kitchen").username, "birth~kitchen");
    EXPECT_EQ(ask(Role::operator_, "operator~kitchen/1").username, "operator~kitchen");
    EXPECT_EQ(ask(Role::responder, "responder~kitchen/1").username, "responder~kitchen");
}

struct Case {
    Role role;
    const char* client_id;
};

class ForeignClientId : public testing::TestWithParam<Case> {};

TEST_P(ForeignClientId, is_refused) {
    const auto decision = ask(GetParam().role, GetParam().client_id);
    EXPECT_EQ(decision.reason, Reason::foreign_client_id);
    EXPECT_EQ(decision.username, "");
}

INSTANTIATE_TEST_SUITE_P(Each, ForeignClientId,
                         testing::Values(Case{Role::device, ""}, Case{Role::device, "Kitchen"},
                                         Case{Role::device, "kitchen/1"}, Case{Role::device, "kitchen2"},
                                         Case{Role::device, "birth~kitchen"}, Case{Role::birth, "kitchen"},
                                         Case{Role::operator_, "kitchen"},
                                         Case{Role::operator_, "operator~kitchen"},
                                         Case{Role::operator_, "operator~kitchen/"},
                                         Case{Role::operator_, "operator~kitchen2/1"},
                                         Case{Role::responder, "operator~kitchen/1"}));

TEST(Decision, a_name_that_cannot_be_in_a_topic_is_refused) {
    for (const char* name : {"", "a/b", "#", "+", "birth~a", ".a"}) {
        EXPECT_EQ(ask(Role::device, name, active, kNow + 1, name).reason, Reason::odd_name) << name;
    }
    EXPECT_EQ(ask(Role::device, "a", active, kNow + 1, std::string_view("a\0b", 3)).reason, Reason::odd_name);
}

TEST(Decision, every_reason_has_its_words) {
    for (int reason = 0; reason <= static_cast<int>(Reason::foreign_client_id); ++reason) {
        EXPECT_NE(in_words(static_cast<Reason>(reason)), "is refused") << reason;
    }
}

}  // namespace
}  // namespace countersign::broker::plugin
