#include "host/base/subprocess.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <csignal>

namespace countersign {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(RunCommand, GathersBothStreamsAndTheExitCode) {
    const auto result = run_command({"sh", "-c", "echo out; echo err >&2; exit 3"}, seconds(10));
    EXPECT_EQ(result.output, "out\nerr\n");
    EXPECT_EQ(result.exit_code, 3);
    EXPECT_FALSE(result.timed_out);
}

TEST(RunCommand, PassesArgumentsWithoutAShell) {
    const auto result = run_command({"printf", "%s|", "a b", "$HOME", "'"}, seconds(10));
    EXPECT_EQ(result.output, "a b|$HOME|'|");
}

TEST(RunCommand, FeedsInputLargerThanAPipe) {
    const std::string input(300'000, 'x');
    const auto result = run_command({"wc", "-c"}, seconds(10), input);
    EXPECT_EQ(std::stol(result.output), 300'000);
}

TEST(RunCommand, KillsAtTheDeadline) {
    const auto result = run_command({"sleep", "600"}, milliseconds(50));
    EXPECT_TRUE(result.timed_out);
    EXPECT_EQ(result.exit_code, 128 + SIGKILL);
}

TEST(RunCommand, KillsWhatIsGivenUp) {
    bool line = false;
    const auto result = run_command(
        {"sh", "-c", "echo begun; exec sleep 600"}, seconds(60), {}, [&](std::string_view) { line = true; },
        [&] { return line; });
    EXPECT_TRUE(result.timed_out);
    EXPECT_EQ(result.output, "begun\n");
    EXPECT_EQ(result.exit_code, 128 + SIGKILL);
}

TEST(RunCommand, SaysWhenTheProgramIsNotThere) {
    EXPECT_EQ(run_command({"no-such-program-here"}, seconds(10)).exit_code, 127);
}

TEST(RunCommand, KeepsOnlyTheEndOfEndlessOutput) {
    const auto result =
        run_command({"sh", "-c", "head -c 3000000 /dev/zero | tr '\\0' x; echo end"}, seconds(20));
    EXPECT_EQ(result.output.size(), std::size_t{1} << 20);
    EXPECT_TRUE(result.output.ends_with("xend\n"));
}

TEST(RunCommand, HandsOutLinesAsTheyCome) {
    std::vector<std::string> lines;
    (void)run_command({"printf", "one\\ntwo\\nthree"}, seconds(10), {},
                      [&](std::string_view line) { lines.emplace_back(line); });
    EXPECT_EQ(lines, (std::vector<std::string>{"one", "two", "three"}));
}

TEST(ChildProcess, IsStoppedByItsDestructor) {
    pid_t pid = 0;
    {
        const ChildProcess child({"sleep", "600"});
        pid = child.pid();
        EXPECT_EQ(::kill(pid, 0), 0);
    }
    EXPECT_NE(::kill(pid, 0), 0);
}

TEST(ChildProcess, IsKilledWhenItIgnoresTheRequest) {
    ChildProcess child({"sh", "-c", "trap '' TERM; echo ready; while :; do sleep 1; done"});
    char ready[6]{};
    while (::read(child.output(), ready, sizeof ready) <= 0) ::usleep(1000);
    child.stop(milliseconds(50));
    EXPECT_TRUE(child.ended());
    EXPECT_EQ(child.exit_code(), 128 + SIGKILL);
}

TEST(FindProgram, LooksOnPathAndInTheSystemFolders) {
    EXPECT_FALSE(find_program("sh").empty());
    EXPECT_EQ(find_program("no-such-program-here"), "");
    EXPECT_EQ(find_program("/bin/sh"), "/bin/sh");
}

}  // namespace
}  // namespace countersign
