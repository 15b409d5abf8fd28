#include "host/registry/state_machine.h"

#include <gtest/gtest.h>

#include <string>

namespace countersign::registry {
namespace {

using enum CertificateState;

constexpr CertificateState kStates[] = {pending, active, retired, held, revoked};

// The whole machine by hand: rows are states, columns confirm, supersede, hold, reinstate, revoke; "-" is not
// possible. A held one was active before.
TEST(StateMachine, every_transition) {
    const std::string expected[5][5] = {
        {"active", "retired", "held", "pending", "revoked"},  // pending
        {"active", "retired", "held", "active", "revoked"},   // active
        {"-", "retired", "retired", "retired", "revoked"},    // retired
        {"-", "retired", "held", "active", "revoked"},        // held
        {"-", "revoked", "revoked", "revoked", "revoked"},    // revoked
    };
    for (std::size_t state = 0; state < 5; ++state) {
        for (std::size_t act = 0; act < 5; ++act) {
            const auto next = next_state(kStates[state], static_cast<Act>(act), active);
            EXPECT_EQ(next ? to_string(*next) : "-", expected[state][act])
                << to_string(kStates[state]) << " act " << act;
        }
    }
}

TEST(StateMachine, a_held_one_goes_back_to_what_it_was) {
    EXPECT_EQ(next_state(held, Act::reinstate, pending), pending);
    EXPECT_EQ(next_state(held, Act::reinstate, active), active);
}

TEST(StateMachine, nothing_but_a_reinstated_one_comes_back) {
    for (const Act act : {Act::confirm, Act::supersede, Act::hold, Act::reinstate, Act::revoke}) {
        for (const auto ended : {retired, revoked}) {
            const auto next = next_state(ended, act, active);
            EXPECT_TRUE(!next || !may_connect(*next)) << to_string(ended);
        }
    }
}

}  // namespace
}  // namespace countersign::registry
