// The time of a simulated world: it stands still but for what is due next.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include "host/base/clock.h"

namespace countersign::sim {

using Milliseconds = std::int64_t;  // since 1970

inline constexpr Milliseconds kSecond = 1000;
inline constexpr Milliseconds kMinute = 60 * kSecond;
inline constexpr Milliseconds kHour = 60 * kMinute;
inline constexpr Milliseconds kDay = 24 * kHour;

class Agenda final : public Clock {
  public:
    explicit Agenda(Milliseconds start) : now_(start) {}

    [[nodiscard]] Milliseconds now_ms() const noexcept { return now_; }
    [[nodiscard]] Seconds now() const override { return Seconds(std::chrono::seconds(now_ / kSecond)); }

    // What is due at one time happens in the order in which it was put down.
    void at(Milliseconds time, std::function<void()> what) {
        due_.emplace(std::pair(std::max(time, now_), count_++), std::move(what));
    }
    void in(Milliseconds delay, std::function<void()> what) { at(now_ + delay, std::move(what)); }

    // Goes on to the next thing and does it; false when none is due until `limit`, to which time has gone on
    // then.
    bool step(Milliseconds limit) {
        if (due_.empty() || due_.begin()->first.first > limit) {
            now_ = std::max(now_, limit);
            return false;
        }
        auto next = due_.extract(due_.begin());
        now_ = next.key().first;
        next.mapped()();
        return true;
    }

  private:
    Milliseconds now_;
    std::uint64_t count_ = 0;
    std::map<std::pair<Milliseconds, std::uint64_t>, std::function<void()>> due_;
};

}  // namespace countersign::sim
