#include "host/pki/der.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>

#include "host/base/error.h"

namespace countersign::pki::der {
namespace {

void append_length(Bytes& out, std::size_t length) {
    if (length < 0x80) {
        out.push_back(static_cast<std::uint8_t>(length));
        return;
    }
    std::uint8_t octets = 0;
    for (std::size_t rest = length; rest != 0; rest >>= 8) ++octets;
    out.push_back(static_cast<std::uint8_t>(0x80 | octets));
    while (octets-- > 0) out.push_back(static_cast<std::uint8_t>(length >> (8U * octets)));
}

}  // namespace

Bytes element(std::uint8_t tag, std::initializer_list<ByteView> parts) {
    std::size_t length = 0;
    for (const ByteView part : parts) length += part.size();
    Bytes out;
    out.reserve(length + 6);
    out.push_back(tag);
    append_length(out, length);
    for (const ByteView part : parts) out.insert(out.end(), part.begin(), part.end());
    return out;
}

ByteView text(std::string_view characters) {
    return {reinterpret_cast<const std::uint8_t*>(characters.data()), characters.size()};
}

Bytes integer(ByteView magnitude) {
    constexpr std::array<std::uint8_t, 1> kZero{0};
    while (!magnitude.empty() && magnitude.front() == 0) magnitude = magnitude.subspan(1);
    const bool needs_sign = magnitude.empty() || (magnitude.front() & 0x80) != 0;
    return element(kInteger, {needs_sign ? ByteView(kZero) : ByteView(), magnitude});
}

Bytes time(Seconds when) {
    const auto day = std::chrono::floor<std::chrono::days>(when);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss clock{when - day};
    const int year = static_cast<int>(date.year());
    if (year < 1950 || year > 9999) throw Error(Code::Internal, "a date outside 1950 to 9999");
    std::array<char, 64> digits{};
    const int length = std::snprintf(
        digits.data(), digits.size(), "%04d%02u%02u%02d%02d%02dZ", year, static_cast<unsigned>(date.month()),
        static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
        static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()));
    const std::string_view full(digits.data(), static_cast<std::size_t>(length));
    return year < 2050 ? element(kUtcTime, {text(full.substr(2))}) : element(kGeneralizedTime, {text(full)});
}

Bytes bit_string(ByteView octets) {
    constexpr std::array<std::uint8_t, 1> kNoUnusedBits{0};
    return element(kBitString, {kNoUnusedBits, octets});
}

std::optional<Element> Reader::next() {
    if (rest_.size() < 2) return std::nullopt;
    const std::uint8_t tag = rest_[0];
    if ((tag & 0x1f) == 0x1f) return std::nullopt;  // a tag number above 30
    std::size_t header = 2;
    std::size_t length = rest_[1];
    if (length >= 0x80) {
        const std::size_t octets = length & 0x7f;
        // 0 would be an indefinite length; three octets count to 16 MB, more than any caller lets in.
        if (octets == 0 || octets > 3 || rest_.size() < header + octets) return std::nullopt;
        length = 0;
        for (std::size_t i = 0; i < octets; ++i) length = length << 8 | rest_[header + i];
        const bool shortest = length >= 0x80 && length >> (8 * (octets - 1)) != 0;
        if (!shortest) return std::nullopt;
        header += octets;
    }
    if (length > rest_.size() - header) return std::nullopt;
    const Element found{tag, rest_.subspan(header, length), rest_.first(header + length)};
    rest_ = rest_.subspan(header + length);
    return found;
}

std::optional<Element> Reader::next(std::uint8_t tag) {
    const auto found = next();
    return found && found->tag == tag ? found : std::nullopt;
}

std::optional<Signed> split_signed(ByteView whole) {
    Reader outside(whole);
    const auto sequence = outside.next(kSequence);
    if (!sequence || !outside.at_end()) return std::nullopt;
    Reader inside(sequence->content);
    const auto to_be_signed = inside.next(kSequence);
    const auto algorithm = inside.next(kSequence);
    const auto signature = inside.next(kBitString);
    if (!to_be_signed || !algorithm || !signature || !inside.at_end()) return std::nullopt;
    if (signature->content.size() < 2 || signature->content.front() != 0) return std::nullopt;
    return Signed{to_be_signed->whole, algorithm->whole, signature->content.subspan(1)};
}

Bytes join_signed(ByteView to_be_signed, ByteView algorithm, ByteView signature) {
    return element(kSequence, {to_be_signed, algorithm, bit_string(signature)});
}

}  // namespace countersign::pki::der
