// With real programs; time is given by hand.
#include "host/base/service.h"

#include <gmock/gmock.h>

#include <csignal>

namespace countersign {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

class ServiceTest : public testing::Test {
  protected:
    Service make(const std::string& script) {
        return Service({"/bin/sh", "-c", script},
                       [this](std::string_view line) { lines_.emplace_back(line); });
    }
    // Turns, without moving the time, until the program has ended.
    void run_to_end(Service& service) const {
        const auto patience = std::chrono::steady_clock::now() + 20s;
        while (service.running() && std::chrono::steady_clock::now() < patience) service.turn(now_);
        ASSERT_FALSE(service.running());
    }
    void run_once(Service& service) const {
        ASSERT_TRUE(service.turn(now_));
        ASSERT_TRUE(service.running());
        run_to_end(service);
    }

    std::vector<std::string> lines_;
    Service::Time now_{1000h};
};

TEST_F(ServiceTest, passes_on_each_line_and_the_unfinished_last_one) {
    auto service = make("echo one; echo two >&2; printf three");
    run_once(service);
    EXPECT_THAT(lines_, ElementsAre("one", "two", "three"));
    EXPECT_EQ(service.exit_code(), 0);
}

TEST_F(ServiceTest, a_line_without_end_is_cut_and_not_kept_in_memory) {
    auto service = make("head -c 10000 /dev/zero | tr '\\0' x");
    run_once(service);
    ASSERT_EQ(lines_.size(), 3U);
    EXPECT_EQ(lines_[0].size(), 4096U);
    EXPECT_EQ(lines_[0].size() + lines_[1].size() + lines_[2].size(), 10000U);
}

TEST_F(ServiceTest, starts_again_after_a_pause_that_doubles_up_to_a_minute) {
    auto service = make("exit 3");
    for (const auto pause : {1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s}) {
        run_once(service);
        EXPECT_EQ(service.exit_code(), 3);
        EXPECT_EQ(service.due(), now_ + pause);
        EXPECT_FALSE(service.turn(now_ + pause - 1ms));
        now_ += pause;
    }
    EXPECT_EQ(service.starts(), 8);
}

TEST_F(ServiceTest, a_minute_without_an_end_makes_the_pause_short_again) {
    auto service = make("echo $$; exec sleep 1000");
    const auto live = [&](std::chrono::seconds time) {
        lines_.clear();
        ASSERT_TRUE(service.turn(now_));
        while (lines_.empty()) service.turn(now_);
        now_ += time;
        ::kill(std::stoi(lines_.front()), SIGKILL);
        run_to_end(service);
        EXPECT_EQ(service.exit_code(), 128 + SIGKILL);
    };
    live(1s);
    EXPECT_EQ(service.due(), now_ + 1s);
    now_ = service.due();
    live(1s);
    EXPECT_EQ(service.due(), now_ + 2s);
    now_ = service.due();
    live(60s);
    EXPECT_EQ(service.due(), now_ + 1s);
}

TEST_F(ServiceTest, stopped_is_stopped_and_its_last_words_are_heard) {
    auto service = make("trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.01; done");
    ASSERT_TRUE(service.turn(now_));
    while (lines_.empty()) service.turn(now_);
    service.stop(20s);
    EXPECT_THAT(lines_, ElementsAre("ready", "bye"));
    EXPECT_FALSE(service.running());
    EXPECT_FALSE(service.turn(now_ + 1h));
}

TEST_F(ServiceTest, a_program_that_is_not_there_ends_with_127) {
    Service service({"/nonexistent/program"}, [](std::string_view) {});
    run_once(service);
    EXPECT_EQ(service.exit_code(), 127);
}

}  // namespace
}  // namespace countersign
