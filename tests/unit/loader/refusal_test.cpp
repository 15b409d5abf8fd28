// What a person is told when the board cannot be reached or used.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/base/error.h"
#include "host/loader/board_scripts.h"
#include "host/loader/ports.h"
#include "host/loader/pty.h"
#include "tests/unit/loader/load_support.h"

namespace countersign::loader {
namespace {

using testing::HasSubstr;

class RefusalTest : public LoadTest {};

std::vector<Secret> script(std::string_view text) {
    std::vector<Secret> scripts;
    scripts.emplace_back(text);
    return scripts;
}

TEST_F(RefusalTest, there_is_no_such_port) {
    EXPECT_EQ(code_of([] { MpremoteBoard("/dev/ttyUSB-not-there"); }), "E-PORT-MISSING");
    std::ofstream(folder_.path() / "file") << "text";
    EXPECT_EQ(code_of([&] { MpremoteBoard((folder_.path() / "file").string()); }), "E-PORT-MISSING");
}

TEST_F(RefusalTest, the_port_belongs_to_a_group) {
    const Pty pty;
    ASSERT_EQ(::chmod(pty.port().c_str(), 0), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        if (::getuid() == 0 && ::setresuid(65534, 65534, 65534) != 0) ::_exit(2);
        ::_exit(code_of([&] { check_port(pty.port()); }) == "E-PORT-PERMISSION" ? 0 : 1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_F(RefusalTest, another_program_has_the_port_open) {
    power_on();
    // It locks nothing, as most terminals; a child of ours, so that it can be named.
    std::array<int, 2> ready{};
    ASSERT_EQ(::pipe(ready.data()), 0);
    const std::string port = board_->port();
    const pid_t other = ::fork();
    if (other == 0) {
        const int fd = ::open(port.c_str(), O_RDWR | O_NOCTTY);
        if (fd >= 0 && ::write(ready[1], "x", 1) == 1) ::pause();
        ::_exit(0);
    }
    char byte = 0;
    ASSERT_EQ(::read(ready[0], &byte, 1), 1);
    try {
        MpremoteBoard(port).run(script("print(1)\n"), kPatience, {});
        ADD_FAILURE() << "nothing was refused";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), "E-PORT-BUSY");
        EXPECT_THAT(error.detail(), HasSubstr("refusal_tests (process " + std::to_string(other) + ")"));
    }
    ::kill(other, SIGKILL);
    ::waitpid(other, nullptr, 0);
    ::close(ready[0]);
    ::close(ready[1]);
}

// As a program of another user, which cannot be seen: pyserial's lock is what mpremote meets.
TEST_F(RefusalTest, the_port_is_locked) {
    power_on();
    MpremoteBoard board(board_->port());
    const int fd = ::open(board_->port().c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC);
    ASSERT_EQ(::flock(fd, LOCK_EX | LOCK_NB), 0);
    EXPECT_EQ(code_of([&] { board.run(script("print(1)\n"), kPatience, {}); }), "E-PORT-BUSY");
    ::close(fd);
    EXPECT_EQ(board.run(script("print(1)\n"), kPatience, {}), "1\n");
}

TEST_F(RefusalTest, nothing_answers) {
    const Pty pty;  // a cable with nobody at the other end
    EXPECT_EQ(code_of([&] { MpremoteBoard(pty.port()).run(script("print(1)\n"), kPatience, {}); }),
              "E-BOARD-SILENT");
}

TEST_F(RefusalTest, a_program_that_does_not_let_itself_be_stopped) {
    on_flash(
        "main.py",
        "import time\nwhile True:\n    try:\n        print('never')\n        time.sleep_ms(50)\n    except "
        "KeyboardInterrupt:\n        pass\n");
    power_on();
    expect_printed("never");
    EXPECT_EQ(code_of([&] { MpremoteBoard(board_->port()).run(script("print(1)\n"), kPatience, {}); }),
              "E-BOARD-STUCK");
}

TEST_F(RefusalTest, an_exception_of_a_script_comes_back_as_its_last_line) {
    power_on();
    MpremoteBoard board(board_->port());
    EXPECT_EQ(board.run(script("print('one')\r\nprint('two')\n"), kPatience, {}), "one\ntwo\n");
    try {
        board.run(script("print('x')\nraise OSError(28)\n"), kPatience, {});
        ADD_FAILURE() << "nothing was raised";
    } catch (const ScriptError& error) {
        EXPECT_STREQ(error.what(), "OSError: 28");
    }
    EXPECT_EQ(board.run(script("print('still there')\n"), kPatience, {}), "still there\n");
}

// A board that says what the test wants it to say.
class TalkingBoard final : public Board {
  public:
    explicit TalkingBoard(std::string facts) : facts_(std::move(facts)) {}
    [[nodiscard]] std::string port() const override { return "/dev/ttyTEST"; }
    std::string run(const std::vector<Secret>&, std::chrono::milliseconds,
                    const std::function<void(std::string_view)>&) override {
        if (asked_++ == 0) return "CS-FACTS " + facts_ + "\n";
        throw ScriptError(raises_);
    }
    void hard_reset() override {}
    void boot(const std::function<void(std::string_view)>&, const std::function<bool()>&) override {}
    [[nodiscard]] bool is_back(std::chrono::milliseconds) override { return false; }
    [[nodiscard]] bool wake(std::chrono::milliseconds) override { return false; }

    std::string facts_;
    std::string raises_;
    int asked_ = 0;
};

std::string facts(std::string_view name, std::string_view version, long free = 1000000) {
    return R"({"name":")" + std::string(name) + R"(","version":)" + std::string(version) +
           R"(,"machine":"","block":4096,"free":)" + std::to_string(free) +
           R"(,"files":{},"pointers":["",""],"floors":["",""],"main":"","slots":{"a":{},"b":{}}})";
}

class TalkingBoardTest : public LoadTest {
  protected:
    std::string code_for(TalkingBoard board) const {
        return code_of([&] { load(board, identity("user1"), {}, FixedClock(), {}); });
    }
    void SetUp() override {
        LoadTest::SetUp();
        make_identity("user1");
    }
};

TEST_F(TalkingBoardTest, firmware_that_is_too_old) {
    EXPECT_EQ(code_for(TalkingBoard(facts("micropython", "[1,21,9]"))), "E-BOARD-TOO-OLD");
    EXPECT_EQ(code_for(TalkingBoard(facts("circuitpython", "[9,1,0]"))), "E-BOARD-TOO-OLD");
}

TEST_F(TalkingBoardTest, too_little_space) {
    EXPECT_EQ(code_for(TalkingBoard(facts("micropython", "[1,22,0]", 50000))), "E-BOARD-FULL");
}

TEST_F(TalkingBoardTest, too_little_memory) {
    const auto facts_with = [](const std::string& memory) {
        auto text = facts("micropython", "[1,22,0]");
        return text.insert(1, memory + ",");
    };
    for (const char* memory : {R"("heap":40959,"idf":[])", R"("heap":36000)",
                               R"("heap":150000,"idf":[[27508,20480],[928,900],[10160,9216],[5692,5000]])"}) {
        TalkingBoard board(facts_with(memory));
        const auto code = code_of([&] { load(board, identity("user1"), {}, FixedClock(), {}); });
        EXPECT_EQ(code, "E-BOARD-MEMORY") << memory;
        EXPECT_EQ(board.asked_, 1) << "nothing was written";
    }
    for (const char* memory :
         {R"("heap":40960,"idf":[])", R"("heap":150000,"idf":[[43460,40000],[5692,5000]])",
          R"("heap":4000000,"idf":[[70000,30000]])"}) {
        TalkingBoard board(facts_with(memory));
        board.raises_ = "OSError: 28";
        EXPECT_EQ(code_for(std::move(board)), "E-BOARD-FULL") << memory << " is enough to go on";
    }
    TalkingBoard board(facts_with(R"("heap":36000)"));
    board.raises_ = "OSError: 28";
    LoadOptions options;
    options.ignore_memory = true;
    std::string said;
    const auto code = code_of([&] {
        load(board, identity("user1"), options, FixedClock(), [&](std::string_view step) { said += step; });
    });
    EXPECT_EQ(code, "E-BOARD-FULL") << "asked for by name";
    EXPECT_THAT(said, HasSubstr("35 kB free for Python"));
}

TEST_F(TalkingBoardTest, facts_that_make_no_sense) {
    for (const char* nonsense : {"", "{", "[]", "{}", "null", R"({"name":1})", R"("text")"})
        EXPECT_EQ(code_for(TalkingBoard(nonsense)), "E-BOARD-FAILED") << nonsense;
}

TEST_F(TalkingBoardTest, what_a_script_raises_is_put_into_words) {
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"ValueError: CS-READBACK /slots/a/key.der", "E-FLASH-WRITE"},
        {"ValueError: CS-KEY", "E-KEY-TYPE"},
        {"ValueError: CS-CERT", "E-CERT-INVALID"},
        {"ValueError: CS-WIFI-CONF", "E-WIFI-CONF"},
        {"OSError: 28", "E-BOARD-FULL"},
        {"OSError: [Errno 28] ENOSPC", "E-BOARD-FULL"},
        {"MemoryError: memory allocation failed", "E-BOARD-MEMORY"},
        {"OSError: [Errno 5] EIO", "E-BOARD-FAILED"},
    };
    for (const auto& [raised, code] : cases) {
        TalkingBoard board(facts("micropython", "[1,22,0]"));
        board.raises_ = raised;
        EXPECT_EQ(code_for(std::move(board)), code) << raised;
    }
}

}  // namespace
}  // namespace countersign::loader
