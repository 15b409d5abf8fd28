// `countersign board`: a board without hardware, for trying everything.
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <thread>

#include "host/cli/commands.h"
#include "host/cli/interrupt.h"
#include "host/loader/helper_programs.h"
#include "host/loader/virtual_board.h"

namespace countersign::cli {
namespace {

struct BoardOptions {
    std::string folder = "virtual-board";
    std::string port;
    bool native = false;
    bool riscv = false;
    bool counted = false;
};

void run_board(const Context& context, const BoardOptions& options) {
    loader::VirtualBoardOptions wanted;
    wanted.flash = std::filesystem::absolute(options.folder).lexically_normal();
    wanted.riscv = options.riscv;
    wanted.counted = options.counted;
    if (options.native)
        wanted.micropython =
            loader::find_helper(options.riscv ? "micropython-rv32-native" : "micropython-native");
    if (!options.port.empty()) wanted.port_link = std::filesystem::absolute(options.port).lexically_normal();
    if (!context.json) {
        wanted.on_output = [](std::string_view text) {
            fmt::print("{}", text);
            std::fflush(stdout);
        };
    }
    const Interrupt interrupt;
    const loader::VirtualBoard board(wanted);
    if (context.json) {
        context.report("", {{"port", board.port()}, {"flash", wanted.flash.string()}});
    } else {
        fmt::print(
            stderr,
            "A virtual board is at {}; its flash is in {}. Below is what it prints; Ctrl-C unplugs it.\n"
            "Try:  countersign load user1 --port {}\n",
            board.port(), wanted.flash.string(), board.port());
    }
    while (!interrupt.seen()) std::this_thread::sleep_for(std::chrono::milliseconds(50));
}

}  // namespace

void add_board(CLI::App& app, Context& context) {
    auto* command = app.add_subcommand("board", "Run a virtual board: real MicroPython behind a serial port");
    command->footer(
        "Examples:\n"
        "  countersign board\n"
        "  countersign board --dir ./flash --port ./board\n"
        "  countersign board --native\n"
        "  countersign board --riscv\n"
        "and in another terminal, what a real board understands too:\n"
        "  countersign load user1 --port ./board\n"
        "  mpremote connect ./board repl");
    auto options = std::make_shared<BoardOptions>();
    command->add_option("--dir", options->folder, "Its flash")->type_name("DIR")->capture_default_str();
    command->add_option("--port", options->port, "A name for its port that stays the same")
        ->type_name("LINK");
    command->add_flag("--native", options->native, "Firmware with the C++ module _countersign built in");
    auto* riscv = command->add_flag("--riscv", options->riscv,
                                    "An ESP32-C3's instruction set, in QEMU, instead of this computer's");
    command
        ->add_flag("--counted", options->counted,
                   "Its time is 125 million instructions a second, whatever this computer does")
        ->needs(riscv);
    command->callback([&context, options] { run_board(context, *options); });
}

}  // namespace countersign::cli
