// Serials and fingerprints for people and logs.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace countersign::broker::plugin {

// Lower case, without separators.
[[nodiscard]] inline std::string to_hex(std::span<const std::uint8_t> bytes) {
    constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    for (const std::uint8_t byte : bytes) {
        text += kDigits[byte >> 4];
        text += kDigits[byte & 15];
    }
    return text;
}

}  // namespace countersign::broker::plugin
