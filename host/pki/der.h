// Distinguished Encoding Rules (X.690): the few forms certificates are made of, written and read.
//
// Certificates are put together here and not by OpenSSL's encoders, because those cost ten times the
// signature; everything made this way is read back and verified by OpenSSL.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>

#include "host/base/clock.h"
#include "host/pki/key.h"

namespace countersign::pki::der {

inline constexpr std::uint8_t kBoolean = 0x01;
inline constexpr std::uint8_t kInteger = 0x02;
inline constexpr std::uint8_t kBitString = 0x03;
inline constexpr std::uint8_t kOctetString = 0x04;
inline constexpr std::uint8_t kOid = 0x06;
inline constexpr std::uint8_t kEnumerated = 0x0a;
inline constexpr std::uint8_t kUtf8String = 0x0c;
inline constexpr std::uint8_t kUtcTime = 0x17;
inline constexpr std::uint8_t kGeneralizedTime = 0x18;
inline constexpr std::uint8_t kSequence = 0x30;
inline constexpr std::uint8_t kSet = 0x31;

// Context-specific tags [n]
constexpr std::uint8_t primitive(std::uint8_t n) {
    return static_cast<std::uint8_t>(0x80 | n);
}
constexpr std::uint8_t constructed(std::uint8_t n) {
    return static_cast<std::uint8_t>(0xa0 | n);
}

// --- writing

// Tag, length, and the parts one after the other.
[[nodiscard]] Bytes element(std::uint8_t tag, std::initializer_list<ByteView> parts);

// The bytes of a text, as they are.
[[nodiscard]] ByteView text(std::string_view characters);

// A positive INTEGER from a big-endian magnitude: no leading zero octets but the one that keeps it positive.
[[nodiscard]] Bytes integer(ByteView magnitude);

// UTCTime through 2049, GeneralizedTime from 2050 on (RFC 5280 4.1.2.5). From 1950 to 9999; else
// Error{Internal}.
[[nodiscard]] Bytes time(Seconds when);

// A BIT STRING of whole octets.
[[nodiscard]] Bytes bit_string(ByteView octets);

// --- reading

struct Element {
    std::uint8_t tag;
    ByteView content;
    ByteView whole;  // with tag and length
};

// Walks the elements of a constructed value. Everything it returns lies inside the bytes it was given.
class Reader {
  public:
    explicit Reader(ByteView bytes) : rest_(bytes) {}

    // Nothing when it is cut short, or not DER: indefinite or needlessly long lengths, tag numbers above 30.
    [[nodiscard]] std::optional<Element> next();
    // Nothing also when the next element has another tag.
    [[nodiscard]] std::optional<Element> next(std::uint8_t tag);

    [[nodiscard]] bool at_end() const noexcept { return rest_.empty(); }

  private:
    ByteView rest_;
};

// SEQUENCE { to-be-signed SEQUENCE, AlgorithmIdentifier, BIT STRING }: certificates, requests and CRLs alike.
struct Signed {
    ByteView to_be_signed;  // with tag and length: what was signed
    ByteView algorithm;     // with tag and length
    ByteView signature;     // without the count of unused bits, which is 0
};

// Nothing when it is anything else, or when something follows it.
[[nodiscard]] std::optional<Signed> split_signed(ByteView whole);
[[nodiscard]] Bytes join_signed(ByteView to_be_signed, ByteView algorithm, ByteView signature);

}  // namespace countersign::pki::der
