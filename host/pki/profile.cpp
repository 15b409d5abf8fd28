#include "host/pki/profile.h"

#include <algorithm>

#include "host/base/error.h"
#include "host/pki/certificate.h"

namespace countersign::pki {
namespace {

constexpr std::chrono::days kBackdated{1};
// A thousand years: far from the end of the calendar, and from overflow in whatever reads the number.
constexpr std::chrono::days kLongest{365'000};

constexpr std::chrono::seconds kShortest{10};

std::string lifetime_text(std::chrono::seconds lifetime) {
    const auto days = std::chrono::duration_cast<std::chrono::days>(lifetime);
    return days == lifetime ? std::to_string(days.count()) + " days"
                            : std::to_string(lifetime.count()) + " seconds";
}

}  // namespace

Profile::Profile(const ProfileConfig& config) : config_(config) {
    if (config.role == Role::birth) return;
    if (config.lifetime < kShortest || config.lifetime > kLongest) {
        throw Error(Code::ValidityInvalid,
                    lifetime_text(config.lifetime) + " is not between 10 seconds and 365000 days.");
    }
}

bool Profile::allows(KeyType type) const noexcept {
    const bool away_from_boards = config_.role == Role::operator_ || config_.role == Role::responder;
    return type != KeyType::ed25519 || away_from_boards;
}

void Profile::require(KeyType type) const {
    if (allows(type)) return;
    throw Error(Code::KeyTypeUnsupported, "mbedTLS, which boards use, knows no Ed25519: a " +
                                              std::string(to_string(config_.role)) +
                                              " cannot have such a key.");
}

Seconds Profile::not_before(Seconds now, Seconds ca_not_before) const noexcept {
    return is_server() ? ca_not_before : std::max(now - kBackdated, ca_not_before);
}

Seconds Profile::not_after(Seconds now, Seconds ca_not_after) const {
    if (config_.role == Role::birth) return ca_not_after;
    const Seconds end = now + config_.lifetime;
    if (end > ca_not_after) {
        throw Error(Code::ValidityInvalid, lifetime_text(config_.lifetime) +
                                               " would outlive the issuing CA, which ends " +
                                               format_date(ca_not_after) + ".");
    }
    return end;
}

}  // namespace countersign::pki
