// `countersign board`: a board without hardware, for trying everything.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>

#include "host/base/error.h"
#include "host/base/printable.h"
#include "host/cli/commands.h"
#include "host/cli/interrupt.h"
#include "host/loader/helper_programs.h"
#include "host/loader/virtual_board.h"

namespace countersign::cli {
namespace {

struct BoardOptions {
    std::string folder = "virtual-board";
    std::string port;
    std::string chip;
    bool native = false;
    bool riscv = false;
    bool counted = false;
};

void run_board(const Context& context, const BoardOptions& options) {
    if (options.counted && !options.riscv)
        throw Error(Code::Usage, "--counted is for --riscv.", "countersign board --help");
    if (!options.chip.empty() && !options.riscv)
        throw Error(Code::Usage, "--chip is for --riscv.", "countersign board --help");
    if (!options.chip.empty() && std::ranges::find(loader::kChips, options.chip) == loader::kChips.end())
        throw Error(Code::Usage, "There is no chip " + options.chip + "; there are esp32-c3 and esp32.",
                    "countersign board --help");
    loader::VirtualBoardOptions wanted;
    wanted.flash = std::filesystem::absolute(options.folder).lexically_normal();
    wanted.riscv = options.riscv;
    wanted.counted = options.counted;
    if (!options.chip.empty()) wanted.chip = options.chip;
    if (options.native)
        wanted.micropython =
            loader::find_helper(options.riscv ? "micropython-rv32-native" : "micropython-native");
    if (!options.port.empty()) wanted.port_link = std::filesystem::absolute(options.port).lexically_normal();
    if (!context.json) {
        wanted.on_output = [said = PrintableStream()](std::string_view text) mutable {
            fmt::print("{}", said.add(text));
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

void add_board(const Command& app, Context& context) {
    const Command command =
        app.subcommand("board", "Run a virtual board: real MicroPython behind a serial port");
    command.examples(
        "  countersign board\n"
        "  countersign board --dir ./flash --port ./board\n"
        "  countersign board --native\n"
        "  countersign board --riscv --chip esp32\n"
        "and in another terminal, what a real board understands too:\n"
        "  countersign load user1 --port ./board\n"
        "  mpremote connect ./board repl");
    auto options = std::make_shared<BoardOptions>();
    command.option("--dir", options->folder, "Its flash").type_name("DIR").show_default();
    command.option("--port", options->port, "A name for its port that stays the same").type_name("LINK");
    command.flag("--native", options->native, "Firmware with the C++ module _countersign built in");
    command.flag("--riscv", options->riscv,
                 "An ESP32-C3's instruction set, in QEMU, instead of this computer's");
    command
        .option("--chip", options->chip, "With --riscv: the memory of an esp32-c3 (as without it) or esp32")
        .type_name("CHIP");
    command.flag("--counted", options->counted,
                 "With --riscv: its time is 125 million instructions a second, whatever this computer does");
    command.action([&context, options] { run_board(context, *options); });
}

}  // namespace countersign::cli
