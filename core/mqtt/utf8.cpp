#include "core/mqtt/utf8.h"

namespace countersign::mqtt {

// The table of well-formed byte sequences in the Unicode standard (3.9, D92): only the second byte's range
// varies.
void Utf8Checker::begin(std::uint8_t byte) noexcept {
    if (byte == 0 || (byte >= 0x80 && byte < 0xC2) || byte > 0xF4) {
        broken_ = true;
    } else if (byte >= 0xF0) {
        missing_ = 3;
        low_ = byte == 0xF0 ? 0x90 : 0x80;   // below: overlong
        high_ = byte == 0xF4 ? 0x8F : 0xBF;  // above: beyond U+10FFFF
    } else if (byte >= 0xE0) {
        missing_ = 2;
        low_ = byte == 0xE0 ? 0xA0 : 0x80;   // below: overlong
        high_ = byte == 0xED ? 0x9F : 0xBF;  // above: surrogates
    } else if (byte >= 0xC2) {
        missing_ = 1;
    }
}

void Utf8Checker::add(std::uint8_t byte) noexcept {
    if (missing_ == 0) {
        begin(byte);
        return;
    }
    if (byte < low_ || byte > high_) broken_ = true;
    --missing_;
    low_ = 0x80;
    high_ = 0xBF;
}

bool is_valid_utf8(std::string_view text) noexcept {
    Utf8Checker checker;
    for (const char character : text) {
        const auto byte = static_cast<std::uint8_t>(character);
        const bool ascii = byte != 0 && byte < 0x80;  // nearly all there is, and no call for it
        if (!ascii || !checker.complete()) checker.add(byte);
    }
    return checker.complete();
}

}  // namespace countersign::mqtt
