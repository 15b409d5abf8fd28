#include "host/broker/admission/format.h"

#include <algorithm>
#include <string_view>

namespace countersign::broker::admission {
namespace {

constexpr std::string_view kMagic = "CSADMIT1";

// Where the fields are (docs/architecture.md).
constexpr std::size_t kRecordSizeAt = 8;
constexpr std::size_t kBaseCountAt = 16;
constexpr std::size_t kGenerationAt = 24;
constexpr std::size_t kHeaderSumAt = 60;
constexpr std::size_t kNotAfterAt = 32;
constexpr std::size_t kRoleAt = 40;
constexpr std::size_t kStateAt = 41;
constexpr std::size_t kFlagsAt = 42;
constexpr std::size_t kRecordSumAt = 44;

constexpr std::uint16_t kFresh = 1;

constexpr std::array<std::uint32_t, 256> crc_table() {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t byte = 0; byte < table.size(); ++byte) {
        std::uint32_t rest = byte;
        for (int bit = 0; bit < 8; ++bit) rest = (rest & 1) != 0 ? (rest >> 1) ^ 0xEDB88320u : rest >> 1;
        table[byte] = rest;
    }
    return table;
}

constexpr auto kCrcTable = crc_table();

template <class Integer>
void put(std::uint8_t* out, Integer value) noexcept {
    for (std::size_t i = 0; i < sizeof value; ++i) out[i] = static_cast<std::uint8_t>(value >> (8 * i));
}

template <class Integer>
Integer get(const std::uint8_t* in) noexcept {
    Integer value = 0;
    for (std::size_t i = sizeof value; i-- > 0;) value = static_cast<Integer>((value << 8) | in[i]);
    return value;
}

bool is_client_role(std::uint8_t role) noexcept {
    return role >= static_cast<std::uint8_t>(Role::device) &&
           role <= static_cast<std::uint8_t>(Role::responder);
}

bool is_state(std::uint8_t state) noexcept {
    return state >= static_cast<std::uint8_t>(CertificateState::pending) &&
           state <= static_cast<std::uint8_t>(CertificateState::revoked);
}

}  // namespace

std::uint32_t crc32(std::span<const std::uint8_t> bytes) noexcept {
    std::uint32_t sum = 0xFFFFFFFFu;
    for (const std::uint8_t byte : bytes) sum = (sum >> 8) ^ kCrcTable[(sum ^ byte) & 0xFFu];
    return ~sum;
}

std::array<std::uint8_t, kHeaderSize> encode_header(const Header& header) noexcept {
    std::array<std::uint8_t, kHeaderSize> bytes{};
    std::copy(kMagic.begin(), kMagic.end(), bytes.begin());
    put<std::uint32_t>(&bytes[kRecordSizeAt], kRecordSize);
    put(&bytes[kBaseCountAt], header.base_count);
    put(&bytes[kGenerationAt], header.generation);
    put(&bytes[kHeaderSumAt], crc32(std::span(bytes).first(kHeaderSumAt)));
    return bytes;
}

std::array<std::uint8_t, kRecordSize> encode_record(const Standing& standing) noexcept {
    std::array<std::uint8_t, kRecordSize> bytes{};
    std::copy(standing.fingerprint.begin(), standing.fingerprint.end(), bytes.begin());
    put(&bytes[kNotAfterAt], static_cast<std::uint64_t>(standing.not_after));
    bytes[kRoleAt] = static_cast<std::uint8_t>(standing.role);
    bytes[kStateAt] = static_cast<std::uint8_t>(standing.state);
    put<std::uint16_t>(&bytes[kFlagsAt], standing.fresh ? kFresh : 0);
    put(&bytes[kRecordSumAt], crc32(std::span(bytes).first(kRecordSumAt)));
    return bytes;
}

std::optional<Header> decode_header(std::span<const std::uint8_t> bytes, std::uint64_t file_size) noexcept {
    if (bytes.size() < kHeaderSize || file_size < kHeaderSize) return std::nullopt;
    if (!std::equal(kMagic.begin(), kMagic.end(), bytes.begin())) return std::nullopt;
    if (get<std::uint32_t>(&bytes[kHeaderSumAt]) != crc32(bytes.first(kHeaderSumAt))) return std::nullopt;
    if (get<std::uint32_t>(&bytes[kRecordSizeAt]) != kRecordSize) return std::nullopt;
    const Header header{get<std::uint64_t>(&bytes[kBaseCountAt]), get<std::uint64_t>(&bytes[kGenerationAt])};
    // By division: the product of a forged count would wrap around.
    if (header.base_count > (file_size - kHeaderSize) / kRecordSize) return std::nullopt;
    return header;
}

std::optional<Standing> decode_record(std::span<const std::uint8_t, kRecordSize> bytes) noexcept {
    if (get<std::uint32_t>(&bytes[kRecordSumAt]) != crc32(bytes.first<kRecordSumAt>())) return std::nullopt;
    const std::uint8_t role = bytes[kRoleAt];
    const std::uint8_t state = bytes[kStateAt];
    if (!is_client_role(role) || !is_state(state)) return std::nullopt;
    const auto flags = get<std::uint16_t>(&bytes[kFlagsAt]);
    if (flags != 0 && flags != kFresh) return std::nullopt;
    Standing standing;
    std::copy_n(bytes.begin(), kFingerprintSize, standing.fingerprint.begin());
    standing.not_after = static_cast<std::int64_t>(get<std::uint64_t>(&bytes[kNotAfterAt]));
    standing.role = static_cast<Role>(role);
    standing.state = static_cast<CertificateState>(state);
    standing.fresh = flags == kFresh;
    return standing;
}

}  // namespace countersign::broker::admission
