// Whoever writes never waits for whoever reads: a pipe that nobody empties.
#include "host/base/line_writer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <string>
#include <utility>

namespace countersign {
namespace {

using namespace std::chrono_literals;

class LineWriterTest : public testing::Test {
  protected:
    void SetUp() override { ASSERT_EQ(::pipe2(ends_, O_CLOEXEC), 0); }
    ~LineWriterTest() override {
        ::close(ends_[0]);
        ::close(ends_[1]);
    }
    std::string read_line() const {
        std::string line;
        for (char c = 0; ::read(ends_[0], &c, 1) == 1 && c != '\n';) line += c;
        return line;
    }

    int ends_[2] = {-1, -1};
};

TEST_F(LineWriterTest, passes_lines_on_in_order) {
    LineWriter writer(ends_[1]);
    writer.write("one");
    writer.write("two");
    EXPECT_TRUE(writer.close(10s));
    EXPECT_EQ(read_line(), "one");
    EXPECT_EQ(read_line(), "two");
}

// Each line is either there or counted, and in its place; how many are is the scheduler's affair.
TEST_F(LineWriterTest, drops_and_counts_what_nobody_reads) {
    LineWriter writer(ends_[1], 10'000);
    constexpr std::size_t kLines = 10'000;  // a pipe takes 64 KiB: some 660 of them, and the writer 100 more
    for (std::size_t i = 0; i < kLines; ++i) writer.write(std::string(99, 'x'));
    std::size_t read = 0;
    std::size_t dropped = 0;
    while (read + dropped < kLines) {
        const std::string line = read_line();
        ASSERT_FALSE(line.empty());
        std::size_t count = 0;
        if (line == std::string(99, 'x')) {
            ++read;
        } else if (std::sscanf(line.c_str(), "… %zu lines dropped: nobody read this log", &count) == 1) {
            dropped += count;
        } else {
            ADD_FAILURE() << line;
        }
    }
    EXPECT_EQ(read + dropped, kLines);
    EXPECT_GT(dropped, kLines / 2);
    writer.write("afterwards");
    EXPECT_TRUE(writer.close(10s));
    EXPECT_EQ(read_line(), "afterwards");
}

TEST_F(LineWriterTest, does_not_wait_at_its_end_either) {
    LineWriter writer(ends_[1]);
    for (int i = 0; i < 2'000; ++i) writer.write(std::string(99, 'x'));
    EXPECT_FALSE(writer.close(1ms));
    ends_[1] = -1;  // left open: the thread is stuck with it
}

TEST_F(LineWriterTest, a_reader_that_is_gone_is_no_matter) {
    std::signal(SIGPIPE, SIG_IGN);
    LineWriter writer(ends_[1]);
    ::close(std::exchange(ends_[0], -1));
    for (int i = 0; i < 100; ++i) writer.write("nobody");
    EXPECT_TRUE(writer.close(10s));
}

}  // namespace
}  // namespace countersign
