// Why a chip has reset, from what its ROM and its firmware print then.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace countersign::loader {

enum class ResetKind : std::uint8_t { brown_out, power, watchdog, crash, sleep, program, unknown };

struct ResetReason {
    ResetKind kind = ResetKind::unknown;
    std::string text;  // "rst:0xf (RTCWDT_BROWN_OUT_RESET)", as the ROM has it
};

// The last reset in what the board has said. nullopt: there is none whose line has come
// whole.
[[nodiscard]] std::optional<ResetReason> last_reset(std::string_view said);

// "brown-out: the supply dipped", without a full stop.
[[nodiscard]] std::string_view in_words(ResetKind kind);
// What helps against it, for a catalogue-like cure.
[[nodiscard]] std::string_view cure_for(ResetKind kind);

}  // namespace countersign::loader
