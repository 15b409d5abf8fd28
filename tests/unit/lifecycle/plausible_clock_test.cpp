// This computer's clock against what the registry remembers.
#include "host/lifecycle/plausible_clock.h"

#include "tests/unit/lifecycle/renewal_bench.h"

namespace countersign::lifecycle {
namespace {

using std::chrono::days;
using std::chrono::hours;

class PlausibleClockTest : public RenewalBench {
  protected:
    void SetUp() override { (void)enrol("user1"); }
    [[nodiscard]] std::string code_at(std::chrono::seconds after, std::chrono::seconds far) {
        try {
            check_clock(registry, pki::kNow + after, far);
            return "";
        } catch (const Error& error) {
            return std::string(error.code());
        }
    }
};

TEST_F(PlausibleClockTest, behind_what_was_issued) {
    EXPECT_EQ(code_at(hours(-1), kFarAheadByHand), "") << "set back a little";
    EXPECT_EQ(code_at(hours(-2), kFarAheadByHand), "E-CLOCK-DOUBTFUL");
    EXPECT_EQ(code_at(days(-20'000), kFarAheadByHand), "E-CLOCK-DOUBTFUL");
}

TEST_F(PlausibleClockTest, far_ahead_of_what_was_issued) {
    EXPECT_EQ(code_at(days(60), kFarAheadOfSigner), "");
    EXPECT_EQ(code_at(days(61), kFarAheadOfSigner), "E-CLOCK-DOUBTFUL");
    EXPECT_EQ(code_at(days(400), kFarAheadByHand), "");
    EXPECT_EQ(code_at(days(1200), kFarAheadByHand), "E-CLOCK-DOUBTFUL");
}

TEST_F(PlausibleClockTest, what_others_write_under_a_wrong_clock_does_not_count) {
    later(days(1200));
    registry.set_seen("user1");
    registry.ask_renewal("user1");
    registry.record("note", "user1", std::nullopt, "");
    EXPECT_EQ(code_at(days(1200), kFarAheadByHand), "E-CLOCK-DOUBTFUL");
    EXPECT_EQ(registry.events_after(pki::kNow + hours(1)), 2U);
    EXPECT_THROW(note_clock(registry, bench.clock.now()), Error) << "a doubtful clock is not noted";
}

TEST_F(PlausibleClockTest, the_signer_notes_the_time_once_a_day) {
    const auto before = registry.last_event();
    note_clock(registry, bench.clock.now());
    EXPECT_EQ(registry.last_event(), before);
    for (int day = 0; day < 200; ++day) {
        later(hours(25));
        note_clock(registry, bench.clock.now());
        note_clock(registry, bench.clock.now());
    }
    EXPECT_EQ(registry.last_event(), before + 200);
    EXPECT_EQ(registry.last_certified(), bench.clock.now()) << "though nothing was issued for months";
}

TEST_F(PlausibleClockTest, a_person_may_insist) {
    later(days(1200));
    accept_clock(registry);
    EXPECT_EQ(code_at(days(1200), kFarAheadOfSigner), "");
    bench.clock.set(pki::kNow + days(3));  // and again, when the clock was wrong at that time
    EXPECT_EQ(code_at(days(3), kFarAheadOfSigner), "E-CLOCK-DOUBTFUL");
    accept_clock(registry);
    EXPECT_EQ(code_at(days(3), kFarAheadOfSigner), "");
}

TEST_F(PlausibleClockTest, no_clock_says_less_than_the_programs_own_date) {
    EXPECT_NO_THROW(check_build_date(built_at(), ""));
    EXPECT_THROW(check_build_date(built_at() - std::chrono::seconds(1), "set it"), Error);
    EXPECT_GT(built_at(), Seconds(std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}));
}

}  // namespace
}  // namespace countersign::lifecycle
