// Whether this computer's clock can be believed. A certificate that begins under a wrong clock is wrong for
// as long as it lasts, and a device that has seen it takes its time for proven.
//
// The reference is the registry's last event that only a believed clock writes: a certificate was issued, or
// the signer has noted the time, which it does once a day.
#pragma once

#include <chrono>
#include <optional>

#include "host/registry/registry.h"

namespace countersign::lifecycle {

// Clocks of one computer are set back by a little now and then.
inline constexpr std::chrono::seconds kClockSlack = std::chrono::hours(1);
// For a signer that notes the time each day: it has stood still for months, or its clock has jumped.
inline constexpr std::chrono::seconds kFarAheadOfSigner = std::chrono::days(60);
// For commands by hand, between which nothing may happen for long.
inline constexpr std::chrono::seconds kFarAheadByHand = std::chrono::days(400);

// When this program was made: no clock that is right says less.
[[nodiscard]] Seconds built_at();

// Throws Error{ClockDoubtful}: behind the reference, or farther ahead of it than this.
void check_clock(const registry::Registry& registry, Seconds now, std::chrono::seconds far_ahead);
// Throws Error{ClockDoubtful} when `now` is before this program was made; `cure` says how to insist.
void check_build_date(Seconds now, std::string_view cure);
// By the signer, now and then: once a day is noted.
void note_clock(registry::Registry& registry, Seconds now);
// A person says that the clock is right.
void accept_clock(registry::Registry& registry);

}  // namespace countersign::lifecycle
