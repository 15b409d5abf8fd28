// `countersign load NAME --port PORT`: an identity and the program onto a board, followed to its first
// connection.
#include "host/loader/load.h"

#include <memory>

#include "host/base/error.h"
#include "host/cli/commands.h"
#include "host/cli/load_follow.h"
#include "host/cli/load_identity.h"
#include "host/loader/firmware.h"
#include "host/loader/mpremote_board.h"
#include "host/loader/ports.h"

namespace countersign::cli {
namespace {

void run_load(const Context& context, const LoadCommand& command) {
    LoadPlan plan(context, command);
    const std::string port = loader::find_port(command.port);
    loader::check_port(port);
    if (!command.firmware.empty()) {
        loader::flash_firmware(port, command.firmware, [&](std::string_view step) { context.note(step); });
    }
    loader::MpremoteBoard board(port);
    const auto result = plan.load(board);
    finish_load(context, command, plan, board, result);
}

}  // namespace

void add_load(const Command& app, Context& context) {
    const Command command = app.subcommand("load", "Make a board a device: program, identity, configuration");
    command.examples(
        "  countersign load user1 --wifi-ssid home --wifi-password-file wifi.txt\n"
        "  countersign load user1 --port /dev/ttyUSB0\n"
        "  countersign load user1 --watch              (go on showing what it says, until Ctrl-C)\n"
        "  countersign load user1 --no-wait            (there is no broker in reach)\n"
        "  countersign load user1 --replace            (another board takes the name)\n"
        "  countersign load user1 --port /dev/ttyUSB0 --firmware ESP32_GENERIC-v1.25.0.bin   (erases the "
        "board)");
    auto options = std::make_shared<LoadCommand>();
    command.option("NAME", options->name, "The device; its keys are made on the board unless they are here")
        .required();
    command.option("--port", options->port, "A serial port, or auto for the only one").show_default();
    command.option("--wifi-ssid", options->ssid, "Else what wifi.conf on the board says").type_name("SSID");
    command.option("--wifi-password-file", options->password_file, "Where the Wi-Fi password is")
        .type_name("FILE");
    command.option("--server", options->server, "The broker's address this device tries first")
        .type_name("HOST");
    command.option("--firmware", options->firmware, "Erase the board and write this MicroPython first")
        .type_name("BIN");
    command.option("--wait", options->wait, "Seconds to wait for its first connection")
        .type_name("S")
        .range(0, 3600)
        .show_default();
    command.flag("--no-wait", options->no_wait, "Do not wait for it");
    command.flag("--watch", options->watch, "Show what the board says until Ctrl-C");
    command.flag("--replace", options->replace,
                 "New keys; the older certificates work until the new ones have been used");
    command.flag("--rename", options->rename, "Also a board that is another device");
    command.flag("--host-key", options->host_key, "Make the key here, for a board that cannot");
    command.flag("--source", options->source,
                 "The program as .py, not as .mpy: tracebacks with line numbers");
    command.flag("--ignore-memory", options->ignore_memory, "Also a board with clearly too little memory");
    command.flag("--replace-main", options->replace_main, "Replace a main.py that is not ours");
    command.action([&context, options] { run_load(context, *options); });
}

}  // namespace countersign::cli
