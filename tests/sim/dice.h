// Everything random in a simulated world, from one seed and the same on every machine: the distributions of
// the standard library are not.
#pragma once

#include <cstdint>
#include <random>

namespace countersign::sim {

class Dice {
  public:
    explicit Dice(std::uint64_t seed) : engine_(seed) {}

    [[nodiscard]] std::uint64_t bits() { return engine_(); }
    // 0 … limit-1
    [[nodiscard]] std::int64_t below(std::int64_t limit) {
        return static_cast<std::int64_t>(engine_() % static_cast<std::uint64_t>(limit));
    }
    // from … to, both included
    [[nodiscard]] std::int64_t between(std::int64_t from, std::int64_t to) {
        return from + below(to - from + 1);
    }
    [[nodiscard]] bool chance(std::int64_t per_mille) { return below(1000) < per_mille; }
    // Around `mean`: from nearly nothing to twice as much.
    [[nodiscard]] std::int64_t around(std::int64_t mean) { return 1 + below(2 * mean); }

  private:
    std::mt19937_64 engine_;
};

}  // namespace countersign::sim
