// Digests and encodings of what goes to a board.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace countersign::loader {

// Lower case.
[[nodiscard]] std::string sha256_hex(std::span<const std::uint8_t> bytes);
[[nodiscard]] std::string sha256_hex(std::string_view text);

// CRC-32 (IEEE), as binascii.crc32.
[[nodiscard]] std::uint32_t crc32(std::string_view text) noexcept;

// Appends without copies of `bytes` elsewhere: they may be a key.
void append_base64(std::string& out, std::span<const std::uint8_t> bytes);

}  // namespace countersign::loader
