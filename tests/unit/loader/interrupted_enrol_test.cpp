// An enrolment that is cut in the middle: the board stays what it was, and the same load completes, with the
// keys it has begun with.
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <random>
#include <thread>

#include "host/loader/ports.h"
#include "tests/unit/loader/enrol_support.h"

namespace countersign::loader {
namespace {

using testing::AnyOf;
using testing::HasSubstr;

class InterruptedEnrolTest : public EnrolTest {
  protected:
    void SetUp() override {
        EnrolTest::SetUp();
        power_on();
        enrol_board("before");
    }
};

TEST_F(InterruptedEnrolTest, the_board_is_unplugged_at_each_step) {
    bool cut = true;
    int steps = 0;
    for (; cut; ++steps) {
        SCOPED_TRACE("unplugged at step " + std::to_string(steps));
        cut = false;
        int step = 0;
        bool last = false;
        const auto code = code_of([&] {
            enrol_board("after", [&](std::string_view text) {
                if (step++ != steps) return;
                board_->cut_power();
                board_->pull_cable();
                cut = true;
                last = text == "Restarting the board";  // all is done then
            });
        });
        const char* expected = steps == 0 ? "E-PORT-MISSING" : "E-BOARD-UNPLUGGED";  // 0: not opened yet
        EXPECT_EQ(code, cut && !last ? expected : "no error");
        board_->restore_power();
        board_->plug_cable();
        EXPECT_THAT(active_identity(), AnyOf(HasSubstr("before"), HasSubstr("after")));
    }
    EXPECT_GT(steps, 8);
    expect_enrolled("after");
    // Two for each name that was taken over whole: no cut made the board throw keys away that were certified.
    EXPECT_EQ(registrar_.issued() % 2, 0U);
}

TEST_F(InterruptedEnrolTest, keys_that_were_certified_already_are_not_made_again) {
    const auto code = code_of([&] {
        enrol_board("after", [&](std::string_view text) {
            if (text != "/slots/enrol/birth.der") return;
            board_->cut_power();
            board_->pull_cable();
        });
    });
    EXPECT_EQ(code, "E-BOARD-UNPLUGGED");
    EXPECT_EQ(registrar_.issued(), 4U);
    board_->restore_power();
    board_->plug_cable();
    EXPECT_THAT(active_identity(), HasSubstr("before"));
    enrol_board("after");
    EXPECT_EQ(registrar_.issued(), 4U);
    expect_enrolled("after");
}

// Seeded: at any time of the load, also while the keys are made.
TEST_F(InterruptedEnrolTest, the_loader_is_killed_at_random_times) {
    std::mt19937 random(20301128);
    std::uniform_int_distribution<int> milliseconds(50, 2500);
    for (int i = 0; i < 8; ++i) {
        const auto delay = std::chrono::milliseconds(milliseconds(random));
        SCOPED_TRACE("killed after " + std::to_string(delay.count()) + " ms");
        const std::string port = board_->port();
        const pid_t child = ::fork();
        if (child == 0) {
            try {
                enrol_board("after");
            } catch (const std::exception&) {
                ::_exit(1);
            }
            ::_exit(0);
        }
        std::this_thread::sleep_for(delay);
        ::kill(child, SIGKILL);
        int status = 0;
        ::waitpid(child, &status, 0);
        EXPECT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
        // mpremote dies with it, but not at the same instant.
        while (!port_holder(port).empty()) std::this_thread::yield();
        EXPECT_THAT(active_identity(), AnyOf(HasSubstr("before"), HasSubstr("after")));
    }
    enrol_board("after");
    expect_enrolled("after");
}

}  // namespace
}  // namespace countersign::loader
