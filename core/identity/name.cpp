#include "core/identity/name.h"

#include <algorithm>
#include <array>

namespace countersign {
namespace {

constexpr std::array<std::string_view, 8> kReserved{"operator", "responder", "broker",  "birth",
                                                    "signer",   "root",      "issuing", "countersign"};

constexpr char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

constexpr bool is_name_char(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

}  // namespace

bool is_valid_name(std::string_view name) noexcept {
    return !name.empty() && name.size() <= kMaxNameLength && name.front() != '.' &&
           std::all_of(name.begin(), name.end(), is_name_char);
}

bool is_reserved_name(std::string_view name) noexcept {
    return std::any_of(kReserved.begin(), kReserved.end(), [name](std::string_view reserved) {
        return std::equal(name.begin(), name.end(), reserved.begin(), reserved.end(),
                          [](char a, char b) { return lower(a) == b; });
    });
}

}  // namespace countersign
