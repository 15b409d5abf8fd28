// Whoever writes never waits for whoever reads: a pipe that nobody empties.
#include "host/base/line_writer.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <string>
#include <utility>

namespace countersign {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;

class LineWriterTest : public testing::Test {
  protected:
    void SetUp() override { ASSERT_EQ(::pipe2(ends_, O_CLOEXEC), 0); }
    ~LineWriterTest() override {
        ::close(ends_[0]);
        ::close(ends_[1]);
    }
    // Until a line that ends so.
    std::string read_until(const std::string& end) const {
        std::string text;
        char chunk[4096];
        while (text.find(end) == std::string::npos) {
            const ssize_t got = ::read(ends_[0], chunk, sizeof chunk);
            if (got <= 0) break;
            text.append(chunk, static_cast<std::size_t>(got));
        }
        return text;
    }

    int ends_[2] = {-1, -1};
};

TEST_F(LineWriterTest, passes_lines_on_in_order) {
    LineWriter writer(ends_[1]);
    writer.write("one");
    writer.write("two");
    EXPECT_TRUE(writer.close(10s));
    EXPECT_EQ(read_until("two\n"), "one\ntwo\n");
}

TEST_F(LineWriterTest, drops_and_counts_what_nobody_reads) {
    constexpr std::size_t kRoom = 10'000;
    LineWriter writer(ends_[1], kRoom);
    const std::string line(99, 'x');
    constexpr int kLines = 10'000;  // a pipe takes 64 KiB: some 660 of them, and the writer's room 100 more
    for (int i = 0; i < kLines; ++i) writer.write(line);
    writer.write("and the last is dropped too");
    const std::string text = read_until("dropped: nobody read this log\n");
    EXPECT_THAT(text, StartsWith(line + "\n"));
    const auto lines = static_cast<int>(std::count(text.begin(), text.end(), 'x') / 99);
    EXPECT_LT(lines, 2'000);
    EXPECT_THAT(text, HasSubstr("… " + std::to_string(kLines + 1 - lines) + " lines dropped"));
    writer.write("afterwards");
    EXPECT_TRUE(writer.close(10s));
    EXPECT_EQ(read_until("afterwards\n"), "afterwards\n");
}

TEST_F(LineWriterTest, does_not_wait_at_its_end_either) {
    LineWriter writer(ends_[1]);
    for (int i = 0; i < 2'000; ++i) writer.write(std::string(99, 'x'));
    EXPECT_FALSE(writer.close(1ms));
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
