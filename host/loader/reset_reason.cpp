#include "host/loader/reset_reason.h"

#include <algorithm>

namespace countersign::loader {
namespace {

constexpr std::string_view kMark = "rst:0x";  // every ESP32's ROM: "rst:0x1 (POWERON_RESET),boot:0x13 (…)"

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

// The names differ from chip to chip: esp_rom's rtc.h of each.
ResetKind kind_of(std::string_view name) {
    if (contains(name, "BROWN")) return ResetKind::brown_out;
    if (contains(name, "WDT")) return ResetKind::watchdog;
    if (contains(name, "POWERON") || contains(name, "GLITCH")) return ResetKind::power;
    if (contains(name, "DEEPSLEEP")) return ResetKind::sleep;
    if (contains(name, "SW")) return ResetKind::program;
    return ResetKind::unknown;
}

}  // namespace

std::optional<ResetReason> last_reset(std::string_view said) {
    // The last one whose line has come whole.
    std::size_t at = said.rfind(kMark);
    std::size_t end = std::string_view::npos;
    while (at != std::string_view::npos) {
        end = said.find_first_of(",\r\n", at);
        if (end != std::string_view::npos || at == 0) break;
        at = said.rfind(kMark, at - 1);
    }
    if (at == std::string_view::npos || end == std::string_view::npos) return std::nullopt;
    ResetReason reason;
    for (const char c : said.substr(at, std::min<std::size_t>(end - at, 60)))
        reason.text += c >= ' ' && c <= '~' ? c : '?';
    reason.kind = kind_of(reason.text);
    // What the firmware said before: to the ROM a panic is a reset by software, and a brown-out may be.
    const std::size_t earlier = at == 0 ? std::string_view::npos : said.rfind(kMark, at - 1);
    const std::string_view before =
        said.substr(0, at).substr(earlier == std::string_view::npos ? 0 : earlier);
    if (contains(before, "Brownout detector")) {
        reason.kind = ResetKind::brown_out;
    } else if (contains(before, "watchdog got triggered")) {
        reason.kind = ResetKind::watchdog;
    } else if (contains(before, "Guru Meditation") || contains(before, "abort() was called")) {
        reason.kind = ResetKind::crash;
    }
    return reason;
}

std::string_view in_words(ResetKind kind) {
    switch (kind) {
        case ResetKind::brown_out: return "brown-out: its supply dipped";
        case ResetKind::power: return "its power was gone for a moment";
        case ResetKind::watchdog: return "a watchdog";
        case ResetKind::crash: return "its firmware crashed";
        case ResetKind::sleep: return "it was sent to deep sleep";
        case ResetKind::program: return "a program on it asked for it";
        case ResetKind::unknown: break;
    }
    return "the reason is not known";
}

std::string_view cure_for(ResetKind kind) {
    switch (kind) {
        case ResetKind::brown_out:
        case ResetKind::power:
            return "another cable and USB port, or a powered hub; then run the same command again: it goes "
                   "on "
                   "where it was";
        case ResetKind::watchdog:
        case ResetKind::sleep:
        case ResetKind::program:
            return "look for a timer, a watchdog or a sleep in boot.py: mpremote connect PORT cat :boot.py; "
                   "then "
                   "run the same command again: it goes on where it was";
        case ResetKind::crash:
        case ResetKind::unknown: break;
    }
    return {};
}

}  // namespace countersign::loader
