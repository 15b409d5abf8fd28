// Boards that reset in the middle of a load: told as that, and loaded all the same when it passes.
#include <gmock/gmock.h>

#include <atomic>
#include <random>
#include <thread>

#include "host/base/error.h"
#include "tests/unit/loader/enrol_support.h"

namespace countersign::loader {
namespace {

using testing::Contains;
using testing::HasSubstr;

class ResetTest : public EnrolTest {
  protected:
    void dip() const {
        board_->cut_power();
        board_->restore_power();
    }
};

TEST_F(ResetTest, a_dip_of_the_power_is_named_and_the_load_goes_on) {
    make_identity("user1");
    power_on();
    for (const char* moment : {"/lib/countersign/core.mpy", "/slots/a/cert.der",
                               "Writing wifi.conf, the time floor and the clock"}) {
        SCOPED_TRACE(moment);
        std::filesystem::remove_all(flash() / "lib");
        std::filesystem::remove_all(flash() / "slots");
        bool dipped = false;
        std::vector<std::string> steps;
        const auto result = load_board(identity("user1"), {}, [&](std::string_view step) {
            steps.emplace_back(step);
            if (dipped || step != moment) return;
            dipped = true;
            dip();
        });
        EXPECT_TRUE(dipped);
        expect_program(Form::compiled);
        EXPECT_THAT(active_identity(), HasSubstr("user1"));
        // Between two scripts of ours nothing is disturbed.
        if (std::string_view(moment).front() != '/') continue;
        EXPECT_EQ(result.resets, 1);
        EXPECT_THAT(steps, Contains(HasSubstr("its power was gone for a moment (rst:0x1 (POWERON_RESET))")));
    }
}

// Seeded: also while a file is on its way, where mpremote blocks or says "unexpected read during raw paste".
TEST_F(ResetTest, at_any_moment) {
    power_on();
    std::mt19937 random(20301129);
    std::uniform_int_distribution<int> milliseconds(200, 2500);
    for (int i = 0; i < 6; ++i) {
        const auto delay = std::chrono::milliseconds(milliseconds(random));
        SCOPED_TRACE("after " + std::to_string(delay.count()) + " ms");
        std::filesystem::remove_all(flash() / "lib");
        std::filesystem::remove_all(flash() / "slots");
        std::thread other([&] {
            std::this_thread::sleep_for(delay);
            dip();
        });
        const auto begun = std::chrono::steady_clock::now();
        enrol_board("user1");
        other.join();
        EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(25)) << "no long silence";
        expect_program(Form::compiled);
        expect_enrolled("user1");
    }
}

TEST_F(ResetTest, a_board_that_goes_on_resetting_is_told_as_that) {
    make_identity("user1");
    power_on();
    int dips = 0;
    try {
        load_board(identity("user1"), {}, [&](std::string_view step) {
            if (step != "/slots/a/key.der") return;
            ++dips;
            dip();
        });
        ADD_FAILURE() << "no error";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), "E-BOARD-RESET");
        EXPECT_THAT(error.detail(), HasSubstr("its power was gone"));
        EXPECT_THAT(error.cure(), HasSubstr("cable"));
    }
    EXPECT_EQ(dips, 4);
    load_board(identity("user1"));
    EXPECT_THAT(active_identity(), HasSubstr("user1"));
}

TEST_F(ResetTest, a_program_that_resets_the_board_is_named_by_its_reset) {
    on_flash("boot.py", "import machine\ntry:\n    import quiet\nexcept ImportError:\n    machine.reset()\n");
    on_flash("quiet.py", "");
    make_identity("user1");
    power_on();
    std::filesystem::remove(flash() / "quiet.py");
    try {
        load_board(identity("user1"));
        ADD_FAILURE() << "no error";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), "E-BOARD-RESET");
        EXPECT_THAT(error.detail(), HasSubstr("a program on it asked for it (rst:0xc (SW_CPU_RESET))"));
        EXPECT_THAT(error.cure(), HasSubstr("boot.py"));
    }
}

// As a chip whose serial port is its own does in a reset.
TEST_F(ResetTest, a_port_that_comes_back_by_itself_was_a_reset) {
    make_identity("user1");
    power_on();
    bool pulled = false;
    LoadOptions options;
    options.port_return = std::chrono::seconds(5);
    const auto result = load_board(identity("user1"), options, [&](std::string_view step) {
        if (pulled || step != "/lib/countersign/core.mpy") return;
        pulled = true;
        board_->cut_power();
        board_->pull_cable();
        board_->restore_power();
        board_->plug_cable();
    });
    EXPECT_EQ(result.resets, 1);
    expect_program(Form::compiled);
}

TEST_F(ResetTest, a_board_that_falls_silent_is_not_waited_for_long) {
    power_on();
    MpremoteBoard board(board_->port(), std::chrono::seconds(2));
    std::vector<Secret> scripts;
    scripts.emplace_back(std::string_view("print('begun')\nwhile True:\n    pass\n"));
    const auto begun = std::chrono::steady_clock::now();
    EXPECT_EQ(code_of([&] { board.run(scripts, std::chrono::seconds(60), {}); }), "E-BOARD-UNPLUGGED");
    EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(15));
}

TEST_F(ResetTest, a_board_in_deep_sleep_is_caught_when_it_wakes) {
    on_flash("main.py",
             "import machine, time\nprint('awake')\ntime.sleep_ms(300)\nmachine.deepsleep(15000)\n");
    make_identity("user1");
    power_on();
    expect_printed("awake");
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    LoadOptions options;
    options.sleep = std::chrono::seconds(60);
    std::vector<std::string> steps;
    load_board(identity("user1"), options, [&](std::string_view step) { steps.emplace_back(step); });
    EXPECT_THAT(steps, Contains(HasSubstr("asleep")));
    EXPECT_TRUE(std::filesystem::exists(flash() / "slots/pointer0"));
}

// What was stopped for a load that is refused runs again.
TEST_F(ResetTest, a_refused_load_leaves_the_board_running) {
    class Refusing final : public Registrar {
      public:
        bool must_enrol(const BoardFacts& /*facts*/) override { throw Error(Code::NameTaken); }
        EnrolmentAnswer certify(const EnrolmentRequest& /*request*/) override { return {}; }
        void enrolled() override {}
    };
    on_flash("main.py", "print('the owner runs')\nwhile True:\n    pass\n");
    power_on();
    expect_printed("the owner runs");
    const auto mark = board_->printed();
    Refusing refusing;
    MpremoteBoard board(board_->port());
    EXPECT_EQ(code_of([&] { load(board, "user1", registrar_.trust(), refusing, {}, clock_, {}); }),
              "E-NAME-TAKEN");
    expect_printed("the owner runs", mark);
}

}  // namespace
}  // namespace countersign::loader
