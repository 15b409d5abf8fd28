// How long to wait before dialling again: full jitter, so that a thousand clients of a restarted broker
// spread out.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>

namespace countersign::transport {

class Backoff {
  public:
    using Milliseconds = std::chrono::milliseconds;
    using Time = std::chrono::steady_clock::time_point;

    Backoff(Milliseconds first, Milliseconds last, Milliseconds stable_after,
            std::function<std::uint32_t()> random);

    // A connection has come about; it resets the ceiling only if it lasts.
    void connected(Time now);

    // The wait before the next attempt: uniform in [0, ceiling]; the ceiling then doubles, up to the last.
    [[nodiscard]] Milliseconds next(Time now);

    // From here on the last ceiling holds: nobody expects the fault to go away by itself.
    void expect_long() { ceiling_ = last_; }

  private:
    Milliseconds first_;
    Milliseconds last_;
    Milliseconds stable_after_;
    Milliseconds ceiling_;
    std::function<std::uint32_t()> random_;
    std::optional<Time> connected_at_;
};

}  // namespace countersign::transport
