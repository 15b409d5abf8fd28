// What a certificate may be used for, and how far along its life it is.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace countersign {

// SHA-256 of a certificate's DER: the key of every lookup.
using Fingerprint = std::array<std::uint8_t, 32>;

// The numbers are written to the registry and the admission file: never change one.
enum class Role : std::uint8_t { device = 1, birth = 2, operator_ = 3, responder = 4, broker = 5 };

// pending -> active -> retired; held; revoked. Pending and active may connect.
enum class CertificateState : std::uint8_t { pending = 1, active = 2, retired = 3, held = 4, revoked = 5 };

[[nodiscard]] std::string_view to_string(Role role) noexcept;
[[nodiscard]] std::string_view to_string(CertificateState state) noexcept;
[[nodiscard]] std::optional<Role> parse_role(std::string_view text) noexcept;

[[nodiscard]] constexpr bool may_connect(CertificateState state) noexcept {
    return state == CertificateState::pending || state == CertificateState::active;
}

// What stands before the name in the MQTT user name; '~' cannot occur in a name, so roles cannot be forged.
// Devices have none. Examples: "kitchen-1", "birth~kitchen-1", "operator~anna".
[[nodiscard]] std::string_view username_prefix(Role role) noexcept;

}  // namespace countersign
