#include "tests/sim/chronicle.h"

#include <fmt/format.h>

namespace countersign::sim {

void Chronicle::say(std::string_view line) {
    const Milliseconds now = agenda_.now_ms();
    const std::string whole = fmt::format("{}.{:03} {}\n", format_time(agenda_.now()), now % kSecond, line);
    for (const char c : whole) hash_ = (hash_ ^ static_cast<std::uint8_t>(c)) * 1099511628211ULL;
    ++lines_;
    if (copy_ != nullptr) std::fputs(whole.c_str(), copy_);
}

void Chronicle::wrong(const std::string& line) {
    say("WRONG: " + line);
    wrongs_.push_back(fmt::format("{} {}", format_time(agenda_.now()), line));
}

}  // namespace countersign::sim
