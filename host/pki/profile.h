// What a kind of certificate may be, decided once: checked when it is made, immutable afterwards.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "core/identity/role.h"
#include "host/base/clock.h"
#include "host/pki/key.h"

namespace countersign::pki {

inline constexpr std::chrono::days kDefaultLifetime{365};

struct ProfileConfig {
    Role role = Role::device;
    std::chrono::seconds lifetime = kDefaultLifetime;  // from now; not looked at for birth certificates
};

class Profile {
  public:
    // Throws Error{ValidityInvalid} when the lifetime is under ten seconds or longer than the calendar.
    explicit Profile(const ProfileConfig& config);

    [[nodiscard]] Role role() const noexcept { return config_.role; }
    [[nodiscard]] bool is_server() const noexcept { return config_.role == Role::broker; }

    // What a board's mbedTLS cannot use (Ed25519) is refused for all that boards hold or must verify.
    [[nodiscard]] bool allows(KeyType type) const noexcept;
    // Throws Error{KeyTypeUnsupported} with the reason when it is not allowed.
    void require(KeyType type) const;

    // Clients are backdated a day (a clock that runs behind); servers start with the CA, so that no device's
    // old clock finds them in the future. `ca_not_before` is that of the issuing CA, which took it from the
    // first root.
    [[nodiscard]] Seconds not_before(Seconds now, Seconds ca_not_before) const noexcept;
    // Birth certificates end with their CA. Throws Error{ValidityInvalid} when the CA ends before the
    // lifetime does: a certificate that lives longer than its issuer would die early without a word.
    [[nodiscard]] Seconds not_after(Seconds now, Seconds ca_not_after) const;

  private:
    ProfileConfig config_;
};

}  // namespace countersign::pki
