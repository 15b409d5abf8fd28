#include "host/transport/backoff.h"

#include <algorithm>
#include <utility>

namespace countersign::transport {

Backoff::Backoff(Milliseconds first, Milliseconds last, Milliseconds cure, Milliseconds stable_after,
                 std::function<std::uint32_t()> random)
    : first_(std::min(first, last)),
      last_(last),
      cure_(std::min(cure, last)),
      stable_after_(stable_after),
      ceiling_(first_),
      random_(std::move(random)) {}

void Backoff::connected(Time now) {
    connected_at_ = now;
}

Backoff::Milliseconds Backoff::next(Time now) {
    if (connected_at_ && now - *connected_at_ >= stable_after_) begin_anew();
    connected_at_.reset();
    const auto wait = below(ceiling_);
    ceiling_ = std::min(ceiling_ * 2, last_);
    return wait;
}

Backoff::Milliseconds Backoff::next_for_cure() {
    begin_anew();
    connected_at_.reset();
    return below(cure_);
}

Backoff::Milliseconds Backoff::below(Milliseconds ceiling) const {
    const auto choices = static_cast<std::uint64_t>(ceiling.count()) + 1;
    return Milliseconds{static_cast<Milliseconds::rep>(random_() % choices)};
}

}  // namespace countersign::transport
