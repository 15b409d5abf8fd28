// A load that is cut in the middle: whatever was cut, the board keeps a whole identity, and the same load
// completes.
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <random>
#include <thread>

#include "host/base/error.h"
#include "host/loader/ports.h"
#include "tests/unit/loader/load_support.h"

namespace countersign::loader {
namespace {

using testing::AnyOf;
using testing::HasSubstr;

constexpr std::string_view kChanged = "lib/countersign/core.mpy";

class InterruptedLoadTest : public LoadTest {
  protected:
    void SetUp() override {
        LoadTest::SetUp();
        make_identity("before");
        make_identity("after");
        power_on();
        load_board(identity("before"), with_wifi("home", ""));
    }

    // One file of the program differs from ours, so that a load writes something of every kind.
    void make_outdated() const {
        on_flash(std::string(kChanged), from_flash(std::string(kChanged)) + "# older\n");
    }

    void plug_in_again() const {
        board_->restore_power();
        board_->plug_cable();
    }

    [[nodiscard]] bool is_whole(Form form) const {
        const auto files = device_files(form);
        return std::all_of(files.begin(), files.end(), [this](const DeviceFile& file) {
            const std::string path(file.path);
            return std::filesystem::exists(flash() / path) && from_flash(path) == file.content;
        });
    }

    void expect_a_whole_identity() const {
        EXPECT_THAT(active_identity(), AnyOf(HasSubstr("before"), HasSubstr("after")));
    }

    void expect_completion() const {
        load_board(identity("after"));
        EXPECT_THAT(active_identity(), HasSubstr("after"));
        EXPECT_EQ(from_flash("wifi.conf"),
                  "wifi_ssid=\"home\"\nwifi_psw=\"\"\nserver_ip=\"192.168.1.22\"\nserver_port=\"8883\"\n");
        expect_program(Form::compiled);
    }
};

TEST_F(InterruptedLoadTest, the_board_is_unplugged_at_each_step) {
    bool cut = true;
    int steps = 0;
    for (; cut; ++steps) {
        SCOPED_TRACE("unplugged at step " + std::to_string(steps));
        make_outdated();
        cut = false;
        int step = 0;
        bool last = false;
        const auto code = code_of([&] {
            load_board(identity("after"), {}, [&](std::string_view text) {
                if (step++ != steps) return;
                board_->cut_power();
                board_->pull_cable();
                cut = true;
                last = text == "Restarting the board";  // all is done then
            });
        });
        const char* expected = steps == 0 ? "E-PORT-MISSING" : "E-BOARD-UNPLUGGED";  // 0: not opened yet
        EXPECT_EQ(code, cut && !last ? expected : "no error");
        plug_in_again();
        expect_a_whole_identity();
    }
    EXPECT_GT(steps, 10);
    expect_completion();
}

// While the board goes from one form of the program to the other: at each file that comes.
TEST_F(InterruptedLoadTest, the_board_is_unplugged_while_the_program_changes_its_form) {
    load_board(identity("before"), in_form(Form::source));
    for (const char* moment : {"/lib/countersign/__init__.mpy", "/lib/countersign/core.mpy",
                               "/lib/countersign/program.mpy", "/lib/countersign/seldom.mpy"}) {
        SCOPED_TRACE(moment);
        const auto code = code_of([&] {
            load_board(identity("after"), {}, [&](std::string_view text) {
                if (text != moment) return;
                board_->cut_power();
                board_->pull_cable();
            });
        });
        EXPECT_EQ(code, "E-BOARD-UNPLUGGED");
        plug_in_again();
        // The program that was there is there, whole, and runs.
        EXPECT_THAT(ask("import countersign.board\nprint(countersign.board.__file__)"),
                    HasSubstr("/lib/countersign/board.py"));
        expect_a_whole_identity();
    }
    expect_completion();
}

// Within the one script that renames and removes: before its first, second… operation.
TEST_F(InterruptedLoadTest, the_power_is_cut_in_the_midst_of_the_exchange) {
    const std::string before_each =
        "import uos\nfrom uos import *\n"
        "def _count(path):\n"
        "    global _left\n"
        "    if path.startswith('/lib/countersign/'):\n"
        "        _left -= 1\n"
        "        if _left < 0:\n"
        "            print('CS-WRITTEN cut here')\n"
        "            while True:\n"
        "                pass\n"
        "def rename(old, new):\n    _count(old)\n    uos.rename(old, new)\n"
        "def remove(path):\n    _count(path)\n    uos.remove(path)\n";
    for (const Form to : {Form::compiled, Form::source}) {
        const Form from = to == Form::source ? Form::compiled : Form::source;
        const std::size_t renamed = modules(to).size();
        const std::size_t all = renamed + modules(from).size();
        for (const std::size_t after : {std::size_t{1}, renamed + 1, all - 1}) {
            SCOPED_TRACE((to == Form::source ? "to source, after " : "to bytecode, after ") +
                         std::to_string(after));
            load_board(identity("before"), in_form(from));
            on_flash("os.py", before_each + "_left = " + std::to_string(after) + "\n");
            bool cut = false;
            const auto code = code_of([&] {
                load_board(identity("after"), in_form(to), [&](std::string_view text) {
                    if (text != "cut here") return;
                    board_->cut_power();
                    board_->pull_cable();
                    cut = true;
                });
            });
            EXPECT_TRUE(cut);
            EXPECT_EQ(code, "E-BOARD-UNPLUGGED");
            std::filesystem::remove(flash() / "os.py");
            plug_in_again();
            EXPECT_TRUE(is_whole(from) || is_whole(to)) << "nothing goes before all has come";
            expect_a_whole_identity();
            load_board(identity("after"), in_form(to));
            expect_program(to);
        }
    }
}

// The key, the certificate and the pointer of a first load: there is no identity to fall back on.
TEST_F(InterruptedLoadTest, the_very_first_load_is_cut) {
    std::filesystem::remove_all(flash() / "slots");
    const auto code = code_of([&] {
        load_board(identity("after"), {}, [&](std::string_view text) {
            if (text != "/slots/a/cert.der") return;
            board_->cut_power();
            board_->pull_cable();
        });
    });
    EXPECT_EQ(code, "E-BOARD-UNPLUGGED");
    plug_in_again();
    expect_completion();
}

TEST_F(InterruptedLoadTest, the_cable_alone_is_pulled) {
    const auto code = code_of([&] {
        load_board(identity("after"), {}, [&](std::string_view text) {
            if (text == "/slots/b/anchor0.der") board_->pull_cable();
        });
    });
    EXPECT_EQ(code, "E-BOARD-UNPLUGGED");
    board_->plug_cable();
    expect_a_whole_identity();
    expect_completion();
}

// Seeded: at any time of the load, also in the middle of a file.
TEST_F(InterruptedLoadTest, the_loader_is_killed_at_random_times) {
    std::mt19937 random(20301127);
    std::uniform_int_distribution<int> milliseconds(50, 2200);
    for (int i = 0; i < 10; ++i) {
        make_outdated();
        const auto delay = std::chrono::milliseconds(milliseconds(random));
        SCOPED_TRACE("killed after " + std::to_string(delay.count()) + " ms");
        const std::string port = board_->port();
        const pid_t child = ::fork();
        if (child == 0) {
            try {
                MpremoteBoard board(port);
                load(board, identity("after"), {}, FixedClock(), {});
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
        expect_a_whole_identity();
    }
    expect_completion();
}

}  // namespace
}  // namespace countersign::loader
