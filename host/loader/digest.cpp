#include "host/loader/digest.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include <array>

namespace countersign::loader {

std::string sha256_hex(std::span<const std::uint8_t> bytes) {
    std::array<std::uint8_t, SHA256_DIGEST_LENGTH> digest{};
    ::SHA256(bytes.data(), bytes.size(), digest.data());
    std::string hex;
    for (const std::uint8_t byte : digest) hex += fmt::format("{:02x}", byte);
    return hex;
}

std::string sha256_hex(std::string_view text) {
    return sha256_hex({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

std::uint32_t crc32(std::string_view text) noexcept {
    constexpr std::uint32_t kPolynomial = 0xEDB88320;  // reflected
    std::uint32_t crc = ~std::uint32_t{0};
    for (const char c : text) {
        crc ^= static_cast<std::uint8_t>(c);
        for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
    }
    return ~crc;
}

void append_base64(std::string& out, std::span<const std::uint8_t> bytes) {
    const std::size_t begin = out.size();
    const std::size_t length = (bytes.size() + 2) / 3 * 4;
    out.resize(begin + length + 1);  // EVP_EncodeBlock ends with a zero
    ::EVP_EncodeBlock(reinterpret_cast<unsigned char*>(&out[begin]), bytes.data(),
                      static_cast<int>(bytes.size()));
    out.resize(begin + length);
}

}  // namespace countersign::loader
