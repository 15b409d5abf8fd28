// The strings MQTT allows: well-formed UTF-8 without U+0000.
#pragma once

#include <cstdint>
#include <string_view>

namespace countersign::mqtt {

// Fed byte by byte, so that a string longer than any buffer can be checked as it passes. Refuses surrogates,
// overlong forms and what lies beyond U+10FFFF [MQTT-1.5.3-1], and U+0000 [MQTT-1.5.3-2]. The other control
// characters and the non-characters, which a receiver may refuse, are let through; U+FEFF is a character like
// any other [MQTT-1.5.3-3].
class Utf8Checker {
  public:
    void add(std::uint8_t byte) noexcept;
    // Nothing was wrong so far and no character is left unfinished.
    [[nodiscard]] bool complete() const noexcept { return !broken_ && missing_ == 0; }

  private:
    void begin(std::uint8_t byte) noexcept;

    std::uint8_t missing_ = 0;  // continuation bytes still to come
    std::uint8_t low_ = 0x80;   // the next one lies within [low_, high_]
    std::uint8_t high_ = 0xBF;
    bool broken_ = false;
};

[[nodiscard]] bool is_valid_utf8(std::string_view text) noexcept;

// As above, and without what a receiver may hang up on (3.1.1: 1.5.3, 5: 1.5.4): U+0001 to U+001F, U+007F to
// U+009F, and the non-characters U+FDD0 to U+FDEF and U+xFFFE, U+xFFFF. Mosquitto does.
[[nodiscard]] bool is_sendable_text(std::string_view text) noexcept;

}  // namespace countersign::mqtt
