#include "host/lifecycle/plausible_clock.h"

#include <fmt/format.h>

#include "host/base/error.h"

namespace countersign::lifecycle {
namespace {

constexpr std::chrono::seconds kBetweenNotes = std::chrono::days(1);

}  // namespace

Seconds built_at() {
    return Seconds(std::chrono::seconds(COUNTERSIGN_BUILT_AT));
}

void check_clock(const registry::Registry& registry, Seconds now, std::chrono::seconds far_ahead) {
    const auto last = registry.last_certified();
    if (!last) return;
    const auto doubt = [&](std::string_view how) {
        throw Error(Code::ClockDoubtful, fmt::format("This computer's clock says {}, {} {}, when the last "
                                                     "certificate was issued or the time was noted.",
                                                     format_time(now), how, format_time(*last)));
    };
    if (now < *last - kClockSlack) doubt("before");
    if (now > *last + far_ahead) doubt("long after");
}

void check_build_date(Seconds now, std::string_view cure) {
    if (now >= built_at()) return;
    throw Error(Code::ClockDoubtful,
                fmt::format("This computer's clock says {}; this program was made on {}.", format_time(now),
                            format_date(built_at())),
                cure);
}

void note_clock(registry::Registry& registry, Seconds now) {
    const auto last = registry.last_certified();
    if (last && now < *last + kBetweenNotes) return;
    check_clock(registry, now, kFarAheadOfSigner);
    registry.record("clock", "", std::nullopt, "as the signer has it");
}

void accept_clock(registry::Registry& registry) {
    registry.record("clock", "", std::nullopt, "said to be right by a person");
}

}  // namespace countersign::lifecycle
