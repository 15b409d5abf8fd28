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

    Backoff(Milliseconds first, Milliseconds last, Milliseconds cure, Milliseconds stable_after,
            std::function<std::uint32_t()> random);

    // A connection has come about; it resets the ceiling only if it lasts.
    void connected(Time now);

    // The wait before the next attempt: uniform in [0, ceiling]; the ceiling then doubles, up to the last.
    [[nodiscard]] Milliseconds next(Time now);

    // The wait after a fault that somebody must cure: uniform in [0, cure], however often. Silence may last,
    // and then many clients come back at once; but what answers, if wrongly, is there and perhaps being
    // worked on. A handshake a client and minute is no burden, and whoever has cured it waits for the client.
    [[nodiscard]] Milliseconds next_for_cure();

    void begin_anew() { ceiling_ = first_; }

  private:
    [[nodiscard]] Milliseconds below(Milliseconds ceiling) const;

    Milliseconds first_;
    Milliseconds last_;
    Milliseconds cure_;
    Milliseconds stable_after_;
    Milliseconds ceiling_;
    std::function<std::uint32_t()> random_;
    std::optional<Time> connected_at_;
};

}  // namespace countersign::transport
