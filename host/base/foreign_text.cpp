#include "host/base/foreign_text.h"

#include <iconv.h>

#include <cstddef>

namespace countersign {
namespace {

constexpr std::string_view kUtf8Mark = "\xEF\xBB\xBF";
constexpr std::string_view kLittleEndianMark = "\xFF\xFE";
constexpr std::string_view kBigEndianMark = "\xFE\xFF";

// The mark tells iconv the order, and does not come out again.
std::optional<std::string> from_utf16(std::string_view bytes) {
    const iconv_t converter = ::iconv_open("UTF-8", "UTF-16");
    if (converter == reinterpret_cast<iconv_t>(-1)) return std::nullopt;
    std::string text(bytes.size() * 2, '\0');      // at most three bytes for two
    char* from = const_cast<char*>(bytes.data());  // iconv's old prototype; it only reads
    std::size_t left = bytes.size();
    char* to = text.data();
    std::size_t room = text.size();
    const bool whole =
        ::iconv(converter, &from, &left, &to, &room) != static_cast<std::size_t>(-1) && left == 0;
    ::iconv_close(converter);
    if (!whole) return std::nullopt;
    text.resize(text.size() - room);
    return text;
}

std::string with_unix_lines(std::string_view text) {
    std::string lines;
    lines.reserve(text.size());
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] != '\r') {
            lines += text[at];
        } else {
            lines += '\n';
            if (at + 1 < text.size() && text[at + 1] == '\n') ++at;
        }
    }
    return lines;
}

}  // namespace

bool is_utf16(std::string_view bytes) noexcept {
    return bytes.starts_with(kLittleEndianMark) || bytes.starts_with(kBigEndianMark);
}

std::string_view without_byte_order_mark(std::string_view bytes) noexcept {
    if (bytes.starts_with(kUtf8Mark)) bytes.remove_prefix(kUtf8Mark.size());
    return bytes;
}

std::optional<std::string> foreign_text(std::string_view bytes) {
    if (!is_utf16(bytes)) return with_unix_lines(without_byte_order_mark(bytes));
    const auto text = from_utf16(bytes);
    return text ? std::optional(with_unix_lines(*text)) : std::nullopt;
}

}  // namespace countersign
