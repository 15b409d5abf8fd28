// Time is always injected: code that needs "now" takes a Clock, tests give it one they turn by hand.
#pragma once

#include <chrono>
#include <string>

namespace countersign {

using Seconds = std::chrono::sys_seconds;  // UTC, whole seconds since 1970

class Clock {
  public:
    virtual ~Clock() = default;
    [[nodiscard]] virtual Seconds now() const = 0;
};

class SystemClock final : public Clock {
  public:
    [[nodiscard]] Seconds now() const override;
};

// "2027-11-22" and "2027-11-22T15:04:05Z"
[[nodiscard]] std::string format_date(Seconds time);
[[nodiscard]] std::string format_time(Seconds time);

}  // namespace countersign
