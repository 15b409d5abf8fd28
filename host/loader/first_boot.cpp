#include "host/loader/first_boot.h"

#include "core/errors/catalogue.h"

namespace countersign::loader {
namespace {

using std::chrono::steady_clock;

// device/countersign: client.py says when it has connected, errors.py how a fault reads.
constexpr std::string_view kConnected = "Connected to ";
constexpr std::string_view kAs = " as ";
constexpr std::string_view kCure = " To cure it: ";
constexpr std::string_view kNextTry = ". Next try in ";
constexpr std::string_view kNextAddress = ". Next in the list: ";
// MicroPython's, above its prompt: main.py has ended.
constexpr std::string_view kBanner = "Type \"help()\" for more information.";
constexpr std::string_view kReset = "rst:0x";

// Three tries of the board's own take some seconds; a fault that passes is gone by then.
constexpr int kFaults = 3;
// The first is ours. A board that has not come further after as many more does not come further.
constexpr int kResets = 4;

}  // namespace

bool BootListener::hear(std::string_view line) {
    if (boot_.end != BootEnd::patience) return true;
    if (line.find(kBanner) != std::string_view::npos) {
        boot_.end = BootEnd::ended;
        return true;
    }
    if (line.find(kReset) != std::string_view::npos && ++resets_ > kResets) {
        boot_.end = BootEnd::resets;
        return true;
    }
    if (!line.empty()) boot_.last = line;
    const std::string as = std::string(kAs) + name_;
    if (line.starts_with(kConnected) && line.ends_with(as)) {
        line.remove_prefix(kConnected.size());
        line.remove_suffix(as.size());
        boot_.broker = line;
        boot_.end = BootEnd::connected;
        return true;
    }
    return hear_fault(line);
}

// "E-CODE: What (detail) To cure it: cure. Next try in 3 s."
bool BootListener::hear_fault(std::string_view line) {
    const std::size_t colon = line.find(": ");
    if (colon == std::string_view::npos || find_catalogue_entry(line.substr(0, colon)) == nullptr)
        return false;
    boot_.fault = line.substr(0, colon);
    std::string_view words = line.substr(colon + 2);
    const bool goes_on = words.find(kNextAddress) != std::string_view::npos;
    words = words.substr(0, std::min(words.find(kNextTry), words.find(kNextAddress)));
    const std::size_t cure = words.find(kCure);
    boot_.words = words.substr(0, cure);
    boot_.cure = cure == std::string_view::npos ? std::string_view() : words.substr(cure + kCure.size());
    if (boot_.cure.ends_with('.')) boot_.cure.pop_back();
    if (!goes_on && ++faults_ == kFaults) boot_.end = BootEnd::faults;
    return boot_.end != BootEnd::patience;
}

FirstBoot follow_first_boot(Board& board, const FollowOptions& options) {
    BootListener listener(options.name);
    FirstBoot given_up;  // while it is watched, it may still connect after that
    bool done = false;
    bool expired = false;
    const auto deadline = steady_clock::now() + options.patience;
    board.boot(
        [&](std::string_view line) {
            if (options.on_line) options.on_line(line);
            if (done || expired) return;
            const std::string before = listener.boot().fault;
            done = listener.hear(line);
            const auto& boot = listener.boot();
            if (!done && boot.fault != before && options.is_hopeless) done = options.is_hopeless(boot.fault);
            if (!done || !options.watch || boot.end == BootEnd::connected) return;
            given_up = boot;
            listener = BootListener(options.name);
            done = false;
        },
        [&] {
            if (options.watch) return options.watch();
            expired = expired || steady_clock::now() >= deadline;
            return !done && !expired;
        });
    const auto& last = listener.boot();
    const bool knows_less = last.end == BootEnd::patience && last.fault.empty();
    return knows_less && !given_up.last.empty() ? given_up : last;
}

}  // namespace countersign::loader
