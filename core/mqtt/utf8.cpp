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

namespace {

constexpr std::uint8_t byte_at(std::string_view text, std::size_t at) noexcept {
    return at < text.size() ? static_cast<std::uint8_t>(text[at]) : std::uint8_t{0};
}

// A character of well-formed text begins here: one that a receiver may refuse?
bool is_refusable(std::string_view text) noexcept {
    const std::uint8_t first = byte_at(text, 0);
    const std::uint8_t second = byte_at(text, 1);
    const std::uint8_t third = byte_at(text, 2);
    if (first < 0x20 || first == 0x7F) return true;
    if (first == 0xC2) return second < 0xA0;                                     // U+0080 to U+009F
    if (first == 0xEF && second == 0xB7) return third >= 0x90 && third <= 0xAF;  // U+FDD0 to U+FDEF
    if (first == 0xEF && second == 0xBF) return third >= 0xBE;                   // U+FFFE, U+FFFF
    return first >= 0xF0 && (second & 0x0F) == 0x0F && third == 0xBF && byte_at(text, 3) >= 0xBE;  // U+1FFFE…
}

}  // namespace

bool is_sendable_text(std::string_view text) noexcept {
    if (!is_valid_utf8(text)) return false;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const bool continues = (byte_at(text, at) & 0xC0) == 0x80;
        if (!continues && is_refusable(text.substr(at, 4))) return false;
    }
    return true;
}

}  // namespace countersign::mqtt
