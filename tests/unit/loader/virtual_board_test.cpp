// The virtual board against the programs people use with real ones, and against what an ESP32 does at each
// reset.
#include "tests/unit/loader/support.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <regex>

#include "host/base/error.h"

namespace countersign::loader {
namespace {

using testing::HasSubstr;
using testing::Not;

class VirtualBoardTest : public BoardTest {};

constexpr std::string_view kPrompt = ">>> ";
constexpr std::string_view kEndless = "print('main begins')\nwhile True:\n    pass\n";

TEST_F(VirtualBoardTest, boots_like_an_esp32) {
    on_flash("boot.py", "print('boot runs')\n");
    on_flash("main.py", "print('main runs')\n");
    power_on();
    expect_printed(kPrompt);
    EXPECT_TRUE(std::regex_search(
        board_->console(),
        std::regex("POWERON_RESET[^]*\r\nboot runs\r\nmain runs\r\nMicroPython v1\\.25[^]*\r\n>>> $")))
        << board_->console();
}

TEST_F(VirtualBoardTest, two_of_them_do_not_share_a_flash) {
    power_on();
    try {
        const VirtualBoard second({.flash = flash(), .micropython = {}, .port_link = {}, .on_output = {}});
        FAIL() << "it runs";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), "E-PORT-BUSY");
        EXPECT_THAT(error.what(), HasSubstr("--dir"));
    }
}

TEST_F(VirtualBoardTest, a_boot_py_that_fails_keeps_main_py_from_running) {
    on_flash("boot.py", "1/0\n");
    on_flash("main.py", "print('main runs')\n");
    power_on();
    expect_printed(kPrompt);
    EXPECT_THAT(board_->console(), HasSubstr("ZeroDivisionError"));
    EXPECT_THAT(board_->console(), Not(HasSubstr("main runs")));
}

TEST_F(VirtualBoardTest, mpremote_executes_and_evaluates) {
    power_on();
    EXPECT_EQ(mpremote({"exec", "print(6*7)"}), "42\r\n");
    EXPECT_EQ(mpremote({"eval", "'a' + 'b'"}), "ab\r\n");
    const auto failed = run_mpremote({"exec", "1/0"});
    EXPECT_EQ(failed.exit_code, 1);
    EXPECT_THAT(failed.output, HasSubstr("ZeroDivisionError"));
}

TEST_F(VirtualBoardTest, mpremote_runs_a_script) {
    const auto script = folder_.path() / "script.py";
    std::ofstream(script) << "import sys\nprint(sys.implementation.name, sys.path)\n";
    power_on();
    EXPECT_EQ(mpremote({"run", script.string()}), "micropython ['', '.frozen', '/lib']\r\n");
}

TEST_F(VirtualBoardTest, mpremote_handles_files) {
    const std::string content = std::string("\0\x01\x03\x04\r\n\xff", 7) + std::string(3000, 'x');
    const auto local = folder_.path() / "local";
    std::ofstream(local, std::ios::binary) << content;
    power_on();
    mpremote({"fs", "mkdir", ":lib", "+", "fs", "cp", local.string(), ":lib/there"});
    EXPECT_EQ(from_flash("lib/there"), content);
    const auto expected = run_command({"sha256sum", local.string()}, kPatience).output.substr(0, 64);
    EXPECT_THAT(mpremote({"fs", "sha256sum", ":lib/there"}), HasSubstr(expected));
    EXPECT_THAT(mpremote({"fs", "ls", ":lib"}), HasSubstr("3007 there"));
    const auto back = folder_.path() / "back";
    mpremote({"fs", "cp", ":/lib/there", back.string()});
    EXPECT_EQ(read_text(back), content);
    on_flash("note", "hello\n");
    EXPECT_THAT(mpremote({"fs", "cat", ":note"}), HasSubstr("hello"));
    mpremote({"fs", "rm", ":lib/there", "+", "fs", "rmdir", ":lib"});
    EXPECT_FALSE(std::filesystem::exists(flash() / "lib"));
}

TEST_F(VirtualBoardTest, renames_with_absolute_and_relative_paths) {
    on_flash("lib/one", "1");
    power_on();
    mpremote(
        {"exec",
         "import os\nos.rename('/lib/one', '/lib/two')\nos.chdir('/lib')\nos.rename('/lib/two', '/three')\n"
         "os.rename('/three', 'four')\nos.rename('four', 'five')"});
    EXPECT_EQ(from_flash("lib/five"), "1");
}

TEST_F(VirtualBoardTest, imports_find_files_of_the_flash_only) {
    on_flash("here.py", "print('here found')\n");
    on_flash("lib/there.py", "print('there found')\n");
    power_on();
    EXPECT_EQ(
        mpremote(
            {"exec",
             "import here, there\nimport asyncio, tls\nimport os\nprint(os.getcwd(), sorted(os.listdir()))"}),
        "here found\r\nthere found\r\n/ ['here.py', 'lib']\r\n");
}

TEST_F(VirtualBoardTest, ctrl_c_stops_an_endless_main_py) {
    on_flash("main.py", kEndless);
    power_on();
    expect_printed("main begins");
    board_->type("\x03");
    expect_printed("KeyboardInterrupt");
    expect_printed(kPrompt);
}

TEST_F(VirtualBoardTest, ctrl_c_stops_a_main_py_that_sleeps_in_asyncio) {
    on_flash("main.py", "import asyncio\nprint('main begins')\nasyncio.run(asyncio.sleep(1000))\n");
    power_on();
    expect_printed("main begins");
    EXPECT_EQ(mpremote({"exec", "print('alive')"}), "alive\r\n");
}

TEST_F(VirtualBoardTest, mpremote_interrupts_an_endless_main_py_that_prints) {
    on_flash("main.py", "while True:\n    print('still here')\n");
    power_on();
    expect_printed("still here");
    EXPECT_EQ(mpremote({"exec", "print('alive')"}), "alive\r\n");
}

TEST_F(VirtualBoardTest, a_soft_reset_runs_both_files_and_keeps_the_clock) {
    on_flash("boot.py", "print('boot runs')\n");
    on_flash("main.py", "import time, machine\nprint('main in', time.gmtime()[0], machine.reset_cause())\n");
    power_on();
    expect_printed("main in 2000 1\r\n");
    expect_printed(kPrompt);
    enter("machine.RTC().datetime((2031, 5, 6, 0, 7, 8, 9, 0))");
    const auto mark = board_->printed();
    board_->type("\x04");
    expect_printed("MPY: soft reboot\r\nboot runs\r\nmain in 2031 5\r\n", mark);
}

TEST_F(VirtualBoardTest, a_soft_reset_from_the_raw_repl_runs_boot_py_but_not_main_py) {
    on_flash("boot.py", "print('boot runs')\n");
    on_flash("main.py", "print('main runs')\n");
    power_on();
    expect_printed(kPrompt);
    const auto mark = board_->printed();
    mpremote({"soft-reset"});
    expect_printed("MPY: soft reboot\r\nboot runs\r\nraw REPL", mark);
    EXPECT_THAT(board_->console().substr(mark), Not(HasSubstr("main runs")));
}

TEST_F(VirtualBoardTest, a_hard_reset_forgets_the_clock_and_runs_main_py) {
    on_flash("main.py", "import time, machine\nprint('main in', time.gmtime()[:3], machine.reset_cause())\n");
    power_on();
    expect_printed("main in (2000, 1, 1) 1\r\n");
    mpremote({"rtc", "--set"});
    EXPECT_EQ(mpremote({"resume", "exec", "import time; print(time.gmtime()[0] > 2024)"}), "True\r\n");
    const auto mark = board_->printed();
    mpremote({"reset"});
    expect_printed("SW_CPU_RESET", mark);
    expect_printed("main in (2000, 1, 1) 2\r\n", mark);
}

// `openssl s_server` with a certificate that is valid from now for 30 days, on a free port.
class TlsServer {
  public:
    explicit TlsServer(const std::filesystem::path& folder)
        : certificate_((folder / "server.pem").string()),
          key_((folder / "server.key").string()),
          made_(run_command(
              {"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
               "-subj", "/CN=localhost", "-days", "30", "-keyout", key_, "-out", certificate_},
              kPatience)),
          server_({"openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", certificate_, "-key", key_,
                   "-www"}) {}

    // Its certificate in DER, to be trusted.
    [[nodiscard]] std::string der() const {
        return run_command({"openssl", "x509", "-in", certificate_, "-outform", "DER"}, kPatience).output;
    }
    // As it says itself: "ACCEPT 127.0.0.1:40123".
    [[nodiscard]] std::string port() const {
        std::string said;
        const std::regex accept("ACCEPT [^\n]*:([0-9]+)\n");
        std::smatch found;
        while (!std::regex_search(said, found, accept)) {
            pollfd wait{server_.output(), POLLIN, 0};
            std::array<char, 512> chunk{};
            if (::poll(&wait, 1, static_cast<int>(std::chrono::milliseconds(kPatience).count())) != 1)
                return {};
            const ssize_t got = ::read(server_.output(), chunk.data(), chunk.size());
            if (got <= 0) return {};
            said.append(chunk.data(), static_cast<std::size_t>(got));
        }
        return found[1].str();
    }

  private:
    std::string certificate_;
    std::string key_;
    CommandResult made_;
    ChildProcess server_;
};

TEST_F(VirtualBoardTest, the_clock_is_the_one_certificates_are_judged_by) {
    const TlsServer server(folder_.path());
    on_flash("server.der", server.der());
    on_flash("dial.py",
             "import socket, tls\ndef dial(port):\n    s = socket.socket()\n"
             "    s.connect(socket.getaddrinfo('127.0.0.1', port)[0][-1])\n"
             "    c = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)\n"
             "    c.load_verify_locations(open('/server.der', 'rb').read())\n    try:\n"
             "        c.wrap_socket(s, server_hostname='localhost').close()\n        print('trusted')\n"
             "    except ValueError as e:\n        print(e)\n");
    power_on();
    const std::string dial = "from dial import dial\ndial(" + server.port() + ")";
    EXPECT_THAT(mpremote({"exec", dial}), HasSubstr("validity starts in the future"));  // it is 2000
    const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    mpremote({"resume", "exec",
              "import time, machine\nt = time.gmtime(" + std::to_string(now + 60) +
                  ")\nmachine.RTC().datetime((t[0], t[1], t[2], 0, t[3], t[4], t[5], 0))"});
    EXPECT_EQ(mpremote({"resume", "exec", dial}), "trusted\r\n");
    mpremote({"resume", "exec", "import machine\nmachine.RTC().datetime((2040, 2, 29, 0, 1, 2, 3, 0))"});
    EXPECT_THAT(mpremote({"resume", "exec", dial}), HasSubstr("validity has expired"));
    EXPECT_EQ(
        mpremote({"resume", "exec", "import time\nprint(machine.RTC().datetime()[:3], time.gmtime()[:3])"}),
        "(2040, 2, 29) (2040, 2, 29)\r\n");
}

TEST_F(VirtualBoardTest, deep_sleep_wakes_with_the_clock_and_its_cause) {
    on_flash("main.py",
             "import machine, time\nif machine.reset_cause() != machine.DEEPSLEEP_RESET:\n"
             "    machine.RTC().datetime((2031, 1, 1, 0, 0, 0, 0, 0))\n    machine.deepsleep(50)\n"
             "print('woke in', time.gmtime()[0])\n");
    power_on();
    expect_printed("woke in 2031\r\n");
}

TEST_F(VirtualBoardTest, a_power_cut_ends_everything_and_power_starts_it_again) {
    on_flash("main.py", kEndless);
    power_on();
    expect_printed("main begins");
    board_->cut_power();
    EXPECT_FALSE(board_->powered());
    const auto mark = board_->printed();
    board_->restore_power();
    expect_printed("main begins", mark);
}

TEST_F(VirtualBoardTest, a_crash_restarts_the_board) {
    on_flash(
        "main.py",
        "import os\nif 'crashed' not in os.listdir():\n    open('crashed', 'w').close()\n    import _board\n"
        "    os.system('kill -9 $PPID')\nprint('up again')\n");
    power_on();
    expect_printed("up again");
}

TEST_F(VirtualBoardTest, the_port_vanishes_with_the_cable_and_comes_back_under_its_name) {
    on_flash("main.py",
             "import time\ni = 0\nwhile True:\n    i += 1\n    print('tick', i)\n    time.sleep_ms(10)\n");
    power_on();
    expect_printed("tick 3");
    const int open_port = ::open(board_->port().c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC);
    ASSERT_GE(open_port, 0);
    const auto before = std::filesystem::read_symlink(link());
    board_->pull_cable();
    EXPECT_FALSE(std::filesystem::exists(std::filesystem::symlink_status(link())));
    char byte = 0;
    while (::read(open_port, &byte, 1) > 0) {
    }
    EXPECT_LE(::write(open_port, "x", 1), 0);
    ::close(open_port);
    const auto mark = board_->printed();
    expect_printed("tick", mark);  // the board goes on
    board_->plug_cable();
    EXPECT_EQ(board_->port(), link().string());
    EXPECT_EQ(mpremote({"exec", "print('alive')"}), "alive\r\n");
}

TEST_F(VirtualBoardTest, only_a_link_is_ever_replaced_by_the_port) {
    std::ofstream(link()) << "somebody's file";
    EXPECT_THROW(power_on(), Error);
    EXPECT_EQ(read_text(link()), "somebody's file");
}

TEST_F(VirtualBoardTest, the_world_decides_what_wifi_does) {
    power_on();
    const std::string connect =
        "import network, time\nw = network.WLAN(network.STA_IF)\nw.active(True)\nw.connect('home', "
        "'secret99')\n"
        "while w.status() == network.STAT_CONNECTING: time.sleep_ms(5)\nprint(w.isconnected(), w.status())";
    EXPECT_EQ(mpremote({"exec", connect}), "True 1010\r\n");
    on_flash(".board", R"({"wifi": "ap missing"})");
    EXPECT_EQ(mpremote({"exec", connect}), "False 201\r\n");
    on_flash(".board", R"({"wifi": "wrong password"})");
    EXPECT_EQ(mpremote({"exec", connect}), "False 202\r\n");
}

TEST_F(VirtualBoardTest, a_full_flash_refuses_to_be_written) {
    on_flash("large", std::string(std::size_t{2} << 20, 'x'));
    power_on();
    EXPECT_EQ(mpremote({"exec",
                        "import os\nprint(os.statvfs('/')[3])\ntry: open('x', 'w')\nexcept OSError as e: "
                        "print(e.errno)"}),
              "0\r\n28\r\n");
}

}  // namespace
}  // namespace countersign::loader
