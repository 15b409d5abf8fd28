#include "host/loader/mpremote_board.h"

#include <sys/stat.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "host/base/error.h"
#include "host/base/subprocess.h"
#include "host/loader/helper_programs.h"
#include "host/loader/memory_file.h"
#include "host/loader/ports.h"

namespace countersign::loader {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kHello = "CS-HELLO";  // seen: Ctrl-C gave us the prompt
constexpr milliseconds kResetDeadline = std::chrono::seconds(30);

std::string with_line_feeds(std::string text) {
    text.erase(std::remove(text.begin(), text.end(), '\r'), text.end());
    return text;
}

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

bool is_there(const std::string& port) {
    struct stat info {};
    return ::stat(port.c_str(), &info) == 0;
}

// The last line that says something.
std::string last_line(const std::string& output) {
    const std::size_t end = output.find_last_not_of('\n');
    if (end == std::string::npos) return {};
    const std::size_t begin = output.rfind('\n', end);
    return output.substr(begin == std::string::npos ? 0 : begin + 1,
                         end - (begin == std::string::npos ? 0 : begin + 1) + 1);
}

// A traceback of the board's, not one of mpremote's own.
bool is_script_error(const std::string& output) {
    return contains(output, "Traceback (most recent call last):") && contains(output, "File \"<stdin>\"");
}

// mpremote could not get to the raw REPL.
bool is_refused_entry(const CommandResult& result) {
    return contains(result.output, "could not enter raw repl");
}

// mpremote prints what it read instead of the prompt as a bytes literal: b'' when there was nothing.
bool is_silent(const std::string& output) {
    return output.empty() || contains("\n" + output, "\nb''\n");
}

// A Ctrl-C that reaches a board in the middle of its reset is lost, and the program starts after all. The
// Ctrl-A after it waits in the board's buffer: the next time there are two prompts, and mpremote takes the
// second one for an answer. Nothing of ours has run.
bool has_not_begun(const CommandResult& result) {
    if (result.exit_code == 0 || contains(result.output, kHello)) return false;
    return contains(result.output, "could not exec command") ||
           (is_refused_entry(result) && contains(result.output, "rst:0x"));
}

bool is_unplugged(const std::string& output) {
    return contains(output, "Input/output error") || contains(output, "device disconnected") ||
           contains(output, "device reports readiness to read") || contains(output, "No such device");
}

[[noreturn]] void refuse_busy(const std::string& holder, const std::string& port) {
    throw Error(Code::PortBusy, holder + " has " + port + " open.");
}

[[noreturn]] void explain(const CommandResult& result, const std::string& output, const std::string& port) {
    if (!is_there(port) || is_unplugged(output)) {
        throw Error(Code::BoardUnplugged, "The board at " + port + " went away in the middle.");
    }
    if (contains(output, "failed to access")) {
        const std::string holder = port_holder(port);
        throw Error(Code::PortBusy,
                    (holder.empty() ? "Another program" : holder) + " has " + port + " open.");
    }
    if (contains(output, "No module named 'serial'")) {
        throw Error(Code::ToolMissing, "mpremote has no pyserial.", "apt install python3-serial");
    }
    if (contains(output, "could not enter raw repl") || result.timed_out) {
        if (is_silent(output)) {
            throw Error(Code::BoardSilent,
                        "Nothing answers at " + port +
                            ": no MicroPython, or a program that neither prints nor stops.");
        }
        if (result.timed_out) {
            throw Error(Code::BoardUnplugged, "The board at " + port + " stopped answering in the middle.");
        }
        throw Error(Code::BoardStuck, "The program on the board at " + port + " does not stop at Ctrl-C.");
    }
    throw Error(Code::BoardFailed, "mpremote: " + last_line(output));
}

}  // namespace

MpremoteBoard::MpremoteBoard(std::string port) : mpremote_(find_helper("mpremote")), port_(std::move(port)) {
    check_port(port_);
    // A terminal that does not lock the port would swallow half of what the board says. The mpremote of a
    // countersign that was killed is about to go.
    std::string holder = port_holder(port_);
    for (int tries = 0; !holder.empty() && tries < 20; ++tries) {
        std::this_thread::sleep_for(milliseconds(100));
        holder = port_holder(port_);
    }
    if (!holder.empty()) refuse_busy(holder, port_);
}

std::string MpremoteBoard::invoke(const std::vector<std::string>& commands, milliseconds deadline,
                                  const std::function<void(std::string_view)>& on_line) {
    const auto mpremote = [&](std::vector<std::string> argv) {
        argv.insert(argv.begin(), {mpremote_, "connect", port_, "resume"});
        return run_command(argv, deadline, {}, [&on_line](std::string_view line) {
            if (line.ends_with('\r')) line.remove_suffix(1);
            if (on_line && line != kHello) on_line(line);
        });
    };
    const std::vector<std::string> hello = {"exec", "print('" + std::string(kHello) + "')"};
    // The first time the interpreter is restarted: what ran before may hold most of the memory.
    std::vector<std::string> argv = commands;
    if (!fresh_) {
        argv.insert(argv.begin(), {"+", "soft-reset", "+"});
        argv.insert(argv.begin(), hello.begin(), hello.end());
    }
    auto result = mpremote(argv);
    for (int again = 0; again < 2 && !fresh_ && has_not_begun(result); ++again) result = mpremote(argv);
    if (!fresh_ && contains(result.output, kHello) && is_refused_entry(result)) {
        // A boot.py that never ends comes back with every restart. Ctrl-C alone stops it; the first prompt
        // after that may be answered with what was typed while it ran, so it is not for our scripts.
        static_cast<void>(mpremote(hello));
        result = mpremote(commands);
    }
    std::string output = with_line_feeds(std::move(result.output));
    if (result.exit_code == 0) {
        fresh_ = true;
        if (output.starts_with(std::string(kHello) + "\n")) output.erase(0, kHello.size() + 1);
        return output;
    }
    if (is_script_error(output)) throw ScriptError(last_line(output));
    explain(result, output, port_);
}

std::string MpremoteBoard::run(const std::vector<Secret>& scripts, milliseconds deadline,
                               const std::function<void(std::string_view)>& on_line) {
    std::vector<MemoryFile> files;
    std::vector<std::string> commands;
    files.reserve(scripts.size());
    for (const auto& script : scripts) {
        const auto& file = files.emplace_back(script);
        if (!commands.empty()) commands.emplace_back("+");
        commands.insert(commands.end(), {"run", file.path()});
    }
    return invoke(commands, deadline, on_line);
}

void MpremoteBoard::hard_reset() {
    try {
        static_cast<void>(invoke({"reset"}, kResetDeadline, {}));
    } catch (const Error& error) {
        // A chip with USB of its own takes its port away while it resets: that is success.
        if (error.id() != Code::BoardUnplugged) throw;
    }
    fresh_ = false;
}

}  // namespace countersign::loader
