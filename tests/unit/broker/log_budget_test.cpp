#include "host/broker/log_budget.h"

#include <gtest/gtest.h>

namespace countersign::broker {
namespace {

TEST(LogBudget, says_so_many_in_a_window_and_then_how_many_it_kept_back) {
    LogBudget budget(2, 1000, 10);
    EXPECT_EQ(budget.spend("kitchen", 0), 0u);
    EXPECT_EQ(budget.spend("kitchen", 10), 0u);
    for (int i = 0; i < 5; ++i) EXPECT_EQ(budget.spend("kitchen", 20 + i), std::nullopt);
    EXPECT_EQ(budget.spend("garage", 30), 0u);
    EXPECT_EQ(budget.spend("kitchen", 1000), 5u);
    EXPECT_EQ(budget.spend("kitchen", 1001), 0u);
    EXPECT_EQ(budget.spend("kitchen", 1002), std::nullopt);
}

TEST(LogBudget, ever_new_subjects_cost_neither_memory_nor_lines) {
    LogBudget budget(1, 1000, 10);
    int said = 0;
    for (int i = 0; i < 100'000; ++i) said += budget.spend(std::to_string(i), 5) ? 1 : 0;
    EXPECT_EQ(said, 11);
    EXPECT_EQ(budget.spend("late", 1005), 0u) << "there is room again once a window is over";
}

TEST(LogBudget, more_like_it) {
    EXPECT_EQ(more_like_it(0), "");
    EXPECT_EQ(more_like_it(3), " (and 3 more like it)");
}

}  // namespace
}  // namespace countersign::broker
