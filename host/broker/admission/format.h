// The bytes of the admission file (docs/architecture.md): little endian, every row with its own checksum.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "core/identity/standing.h"

namespace countersign::broker::admission {

inline constexpr std::size_t kHeaderSize = 64;
inline constexpr std::size_t kRecordSize = 48;
inline constexpr std::size_t kFingerprintSize = 32;

struct Header {
    std::uint64_t base_count = 0;
    std::uint64_t generation = 0;

    // Bytes of header and base records: where the tail begins.
    [[nodiscard]] std::uint64_t base_end() const noexcept { return kHeaderSize + base_count * kRecordSize; }
    // Records the tail may have before the file is written anew: readers hold the tail in memory, and a
    // rewrite must stay rare.
    [[nodiscard]] std::uint64_t max_tail() const noexcept {
        return std::max<std::uint64_t>(1024, base_count / 8);
    }
};

// CRC-32 as in IEEE 802.3, zlib and binascii.crc32.
[[nodiscard]] std::uint32_t crc32(std::span<const std::uint8_t> bytes) noexcept;

[[nodiscard]] std::array<std::uint8_t, kHeaderSize> encode_header(const Header& header) noexcept;
[[nodiscard]] std::array<std::uint8_t, kRecordSize> encode_record(const Standing& standing) noexcept;

// nullopt when the checksum or any field is not as written by the encoder. A header whose base would not fit
// into `file_size` bytes is refused too.
[[nodiscard]] std::optional<Header> decode_header(std::span<const std::uint8_t> bytes,
                                                  std::uint64_t file_size) noexcept;
[[nodiscard]] std::optional<Standing> decode_record(
    std::span<const std::uint8_t, kRecordSize> bytes) noexcept;

}  // namespace countersign::broker::admission
