#include "host/base/printable.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace countersign {
namespace {

struct Range {
    char32_t first, last;
};

// Unicode's Cc, Cf, Zl, Zp, and the code points that are none: nothing here has a shape of its own.
constexpr std::array<Range, 24> kWrittenOut{{
    {0x0000, 0x001F},                        // C0; also \x1b, which begins a command
    {0x007F, 0x009F},                        // DEL and C1: U+009B is the same beginning in one
    {0x00AD, 0x00AD},   {0x0600, 0x0605},    // soft hyphen; Arabic number signs
    {0x061C, 0x061C},   {0x06DD, 0x06DD},    // bidirectional mark; end of ayah
    {0x070F, 0x070F},   {0x0890, 0x0891},    // Syriac, Arabic marks
    {0x08E2, 0x08E2},   {0x180E, 0x180E},    // and the Mongolian one
    {0x200B, 0x200F},                        // zero width, left-to-right, right-to-left
    {0x2028, 0x202E},                        // line, paragraph; embeddings, overrides
    {0x2060, 0x206F},                        // invisible operators, isolates
    {0xD800, 0xDFFF},                        // surrogates
    {0xFDD0, 0xFDEF},   {0xFEFF, 0xFEFF},    // non-characters; byte order mark
    {0xFFF0, 0xFFFB},   {0xFFFE, 0xFFFF},    // annotations; non-characters
    {0x110BD, 0x110BD}, {0x110CD, 0x110CD},  // Kaithi number signs
    {0x13430, 0x1343F}, {0x1BCA0, 0x1BCA3},  // hieroglyph, shorthand format
    {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF},  // music; tags: whole sentences that nobody sees
}};

bool is_written_out(char32_t point) {
    return std::any_of(kWrittenOut.begin(), kWrittenOut.end(),
                       [&](const Range& range) { return point >= range.first && point <= range.last; });
}

struct Sequence {
    std::size_t length = 0;  // 0: the first byte begins no UTF-8 (RFC 3629: shortest form, no surrogates)
    char32_t point = 0;
};

// By its first byte; 0: that begins none.
std::size_t length_by(unsigned char lead) {
    if (lead < 0x80) return 1;
    if (lead < 0xC2 || lead > 0xF4) return 0;
    return lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
}

Sequence first_of(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char lead = byte(0);
    const std::size_t length = length_by(lead);
    if (length == 1) return {1, lead};
    if (length == 0 || text.size() < length) return {};
    char32_t point = lead & (0xFFU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xC0U) != 0x80U) return {};
        point = point << 6U | (byte(i) & 0x3FU);
    }
    constexpr std::array<char32_t, 5> kLeast{0, 0, 0x80, 0x800, 0x10000};
    if (point < kLeast[length] || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) return {};
    return {length, point};
}

void append_hex(std::string& out, char32_t value, int digits) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4)
        out += kDigits[value >> static_cast<unsigned>(shift) & 15U];
}

void append_written_out(std::string& out, const Sequence& sequence, char first) {
    if (sequence.length <= 1) {
        out += "\\x";
        append_hex(out, static_cast<unsigned char>(first), 2);
    } else {
        const bool is_long = sequence.point > 0xFFFF;
        out += is_long ? "\\U" : "\\u";
        append_hex(out, sequence.point, is_long ? 8 : 4);
    }
}

// `line_feed` stands for each one; nullptr: it is written out like the others.
std::string written(std::string_view text, const char* line_feed) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const Sequence sequence = first_of(text);
        if (line_feed != nullptr && text.front() == '\n') {
            out += line_feed;
        } else if (sequence.length == 0 || is_written_out(sequence.point)) {
            append_written_out(out, sequence, text.front());
        } else {
            out += text.substr(0, sequence.length);
        }
        text.remove_prefix(std::max<std::size_t>(sequence.length, 1));
    }
    return out;
}

}  // namespace

std::string one_line(std::string_view foreign) {
    return written(foreign, nullptr);
}

std::string paragraph(std::string_view text) {
    return written(text, "\n  ");
}

std::string own_lines(std::string_view text) {
    return written(text, "\n");
}

std::string PrintableStream::add(std::string_view piece) {
    rest_ += piece;
    std::size_t whole = rest_.size();
    for (std::size_t i = whole - std::min<std::size_t>(whole, 3); i < rest_.size(); ++i) {
        if (length_by(static_cast<unsigned char>(rest_[i])) <= rest_.size() - i) continue;
        whole = i;
        break;
    }
    std::string text = rest_.substr(0, whole);
    rest_.erase(0, whole);
    std::erase(text, '\r');  // a terminal's line end
    return own_lines(text);
}

}  // namespace countersign
