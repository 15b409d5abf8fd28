#include "host/loader/mpremote_board.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "host/base/error.h"
#include "host/base/subprocess.h"
#include "host/loader/helper_programs.h"
#include "host/loader/memory_file.h"
#include "host/loader/ports.h"
#include "host/loader/reset_reason.h"

namespace countersign::loader {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::string_view kHello = "CS-HELLO";  // seen: Ctrl-C gave us the prompt
constexpr milliseconds kResetDeadline = std::chrono::seconds(30);
// From a disturbance to the ROM's word for it.
constexpr milliseconds kResetWord{1000};
// For a board that resets again and again: between two of its resets there is a moment for Ctrl-C.
constexpr milliseconds kCatch{3000};

std::string with_line_feeds(std::string text) {
    text.erase(std::remove(text.begin(), text.end(), '\r'), text.end());
    return text;
}

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
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
bool is_refused_entry(const std::string& output) {
    return contains(output, "could not enter raw repl");
}

// What mpremote says when something came between it and the board.
bool is_disturbed(const std::string& output) {
    for (const auto* words : {"unexpected read during raw paste", "could not complete raw paste",
                              "could not exec command", "could not enter raw repl", "struct.error"})
        if (contains(output, words)) return true;
    return false;
}

[[noreturn]] void refuse_busy(const std::string& holder, const std::string& port) {
    throw Error(Code::PortBusy, holder + " has " + port + " open.");
}

}  // namespace

MpremoteBoard::MpremoteBoard(std::string port, milliseconds silence)
    : mpremote_(find_helper("mpremote")), port_(std::move(port)), silence_(silence) {
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

Cable& MpremoteBoard::cable() {
    if (!cable_) cable_ = std::make_unique<Cable>(port_);
    return *cable_;
}

MpremoteBoard::Attempt MpremoteBoard::mpremote(std::vector<std::string> commands, milliseconds deadline,
                                               const std::function<void(std::string_view)>& on_line) {
    Cable& line = cable();
    Attempt attempt;
    attempt.from = attempt.ours = line.heard();
    attempt.begun = fresh_;
    // Its user's own commands and slips are not ours to run.
    commands.insert(commands.begin(),
                    {"env", "XDG_CONFIG_HOME=/nonexistent", mpremote_, "connect", line.terminal(), "resume"});
    const auto started = steady_clock::now();
    const auto listen = [&](std::string_view text) {
        if (text.ends_with('\r')) text.remove_suffix(1);
        if (text == kHello) {
            attempt.begun = true;
            attempt.ours = line.heard();
        } else if (on_line) {
            on_line(text);
        }
    };
    const auto give_up = [&] {
        return line.lost() || (attempt.begun && last_reset(line.since(attempt.ours))) ||
               steady_clock::now() - std::max(started, line.heard_at()) > silence_;
    };
    attempt.result = run_command(commands, deadline, {}, listen, give_up, handed_on_);
    return attempt;
}

// A Ctrl-C that reaches a board in the middle of its reset is lost, and the program starts after all. The
// Ctrl-A after it waits in the board's buffer: the next time there are two prompts, and mpremote takes the
// second one for an answer. Nothing of ours has run.
bool MpremoteBoard::has_not_begun(const Attempt& attempt) {
    if (attempt.result.exit_code == 0 || attempt.begun || cable().lost()) return false;
    return contains(attempt.result.output, "could not exec command") ||
           (is_refused_entry(attempt.result.output) && last_reset(cable().since(attempt.from)));
}

std::string MpremoteBoard::invoke(const std::vector<std::string>& commands, milliseconds deadline,
                                  const std::function<void(std::string_view)>& on_line) {
    const std::vector<std::string> hello = {"exec", "print('" + std::string(kHello) + "')"};
    // The first time the interpreter is restarted: what ran before may hold most of the memory.
    std::vector<std::string> all = commands;
    if (!fresh_) {
        all.insert(all.begin(), {"+", "soft-reset", "+"});
        all.insert(all.begin(), hello.begin(), hello.end());
    }
    if (std::exchange(restless_, false)) static_cast<void>(wake(kCatch));
    auto attempt = mpremote(all, deadline, on_line);
    for (int again = 0; again < 2 && has_not_begun(attempt); ++again) {
        static_cast<void>(wake(kCatch));
        attempt = mpremote(all, deadline, on_line);
    }
    if (!fresh_ && attempt.begun && is_refused_entry(attempt.result.output) && !cable().lost() &&
        !last_reset(cable().since(attempt.ours))) {
        // A boot.py that never ends comes back with every restart. Ctrl-C alone stops it; the first prompt
        // after that may be answered with what was typed while it ran, so it is not for our scripts.
        static_cast<void>(mpremote(hello, deadline, {}));
        attempt = mpremote(commands, deadline, on_line);
        attempt.begun = true;
    }
    attempt.result.output = with_line_feeds(std::move(attempt.result.output));
    std::string& output = attempt.result.output;
    if (attempt.result.exit_code != 0) explain(attempt);
    fresh_ = true;
    if (output.starts_with(std::string(kHello) + "\n")) output.erase(0, kHello.size() + 1);
    return std::move(output);
}

void MpremoteBoard::explain(const Attempt& attempt) {
    const std::string& output = attempt.result.output;
    fresh_ = false;
    if (cable().lost()) {
        cable_.reset();
        throw Error(Code::BoardUnplugged, "The board at " + port_ + " went away in the middle.");
    }
    if (attempt.begun || is_refused_entry(output)) explain_reset(attempt);
    if (is_script_error(output)) throw ScriptError(last_line(output));
    if (contains(output, "No module named 'serial'")) {
        throw Error(Code::ToolMissing, "mpremote has no pyserial.", "apt install python3-serial");
    }
    if (is_refused_entry(output) || attempt.result.timed_out) {
        if (cable().heard() == attempt.from) {
            throw Error(Code::BoardSilent, "Nothing answers at " + port_ +
                                               ": no MicroPython, a board in deep sleep, or a program that "
                                               "neither prints nor stops.");
        }
        if (attempt.result.timed_out) {
            throw Error(Code::BoardUnplugged, "The board at " + port_ + " stopped answering in the middle.");
        }
        throw Error(Code::BoardStuck, "The program on the board at " + port_ + " does not stop at Ctrl-C.");
    }
    throw Error(Code::BoardFailed, "mpremote: " + last_line(output));
}

// Throws when the board has reset, or something else came between us that another try may not meet.
void MpremoteBoard::explain_reset(const Attempt& attempt) {
    const bool disturbed = attempt.begun && is_disturbed(attempt.result.output);
    if (disturbed) static_cast<void>(cable().wait_for("boot:0x", kResetWord, attempt.ours));
    const auto reason = last_reset(cable().since(attempt.ours));
    restless_ = disturbed || reason;
    if (reason) {
        throw Error(Code::BoardReset,
                    fmt::format("The board at {} has reset in the middle: {} ({}).", port_,
                                in_words(reason->kind), reason->text),
                    cure_for(reason->kind));
    }
    if (disturbed) {
        throw Error(Code::BoardReset, fmt::format("The board at {} has reset in the middle, or its line is "
                                                  "disturbed (mpremote: {}).",
                                                  port_, last_line(attempt.result.output)));
    }
}

// mpremote asks once, and a board that is about to reset or to sleep may miss it.
bool MpremoteBoard::wake(milliseconds patience) {
    constexpr milliseconds kAgain{60};
    constexpr std::string_view kPrompt = ">>> ";
    const auto deadline = steady_clock::now() + patience;
    const std::size_t from = cable().heard();
    do {
        cable().type("\x03\x02");  // stop; and the friendly prompt, should it be at the raw one
        if (cable().wait_for(kPrompt, kAgain, from)) return true;
        if (cable().lost()) return false;
    } while (steady_clock::now() < deadline);
    return false;
}

std::string MpremoteBoard::run(const std::vector<Secret>& scripts, milliseconds deadline,
                               const std::function<void(std::string_view)>& on_line) {
    std::vector<MemoryFile> files;
    std::vector<std::string> commands;
    files.reserve(scripts.size());
    struct Forgotten {
        std::vector<int>& descriptors;
        ~Forgotten() { descriptors.clear(); }
    } const forgotten{handed_on_};
    for (const auto& script : scripts) {
        const auto& file = files.emplace_back(script);
        handed_on_.push_back(file.descriptor());
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

// Resets the board; where its words after that begin. After a script of ours it waits at its prompt: what is
// typed there cannot be missed, and nothing of the boot either.
std::size_t MpremoteBoard::begin_boot() {
    constexpr std::string_view kPrompt = "raw REPL; CTRL-B to exit\r\n>";
    constexpr milliseconds kAnswer{3000};
    const std::size_t mark = cable().heard();
    if (fresh_) {
        fresh_ = false;
        cable().type("\r\x03\x03\x01");
        if (cable().wait_for(kPrompt, kAnswer, mark)) {
            const std::size_t prompt = mark + cable().since(mark).find(kPrompt) + kPrompt.size();
            cable().type("import machine\nmachine.reset()\x04");
            if (cable().wait_for("OK", kAnswer, prompt)) return prompt + cable().since(prompt).find("OK") + 2;
        }
    }
    hard_reset();
    return mark;
}

void MpremoteBoard::boot(const std::function<void(std::string_view)>& on_line,
                         const std::function<bool()>& go_on) {
    constexpr milliseconds kLook{100};
    constexpr std::size_t kMaxLine = 4096;
    std::size_t from = begin_boot();
    std::string rest;
    while (go_on()) {
        if (!cable_ || cable_->lost()) {
            cable_.reset();
            from = 0;
            static_cast<void>(is_back(kLook));
            continue;
        }
        static_cast<void>(cable_->wait_for_more(kLook, from));
        const std::string said = cable_->since(from);
        from += said.size();
        rest += said;
        for (std::size_t end = rest.find('\n'); end != std::string::npos && go_on(); end = rest.find('\n')) {
            std::string_view line(rest.data(), end);
            while (line.ends_with('\r')) line.remove_suffix(1);
            on_line(line);
            rest.erase(0, end + 1);
        }
        if (rest.size() > kMaxLine) rest.clear();
    }
}

bool MpremoteBoard::is_back(milliseconds patience) {
    const auto deadline = steady_clock::now() + patience;
    cable_.reset();
    fresh_ = false;
    for (;;) {
        try {
            static_cast<void>(cable());
            return true;
        } catch (const Error&) {  // not there, or not yet ours: udev sets its group a moment later
            if (steady_clock::now() >= deadline) return false;
        }
        std::this_thread::sleep_for(milliseconds(50));
    }
}

}  // namespace countersign::loader
