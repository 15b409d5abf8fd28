#include "line.h"

#include <algorithm>
#include <cstring>

namespace countersign::native {

void Line::attach(const Stream& stream) noexcept {
    stream_ = stream;
    sending_ = {};
    gathered_ = repeated_ = 0;
    drained_ = false;
    fault_ = 0;
}

Line::State Line::advance(mqtt::Millis now, bool readable, mqtt::Effect& effect) noexcept {
    if (drained_) session.tick(now);
    drained_ = false;
    for (;;) {
        if (const State state = gather(); state != State::idle) return state;
        if (session.next(effect)) {
            if (effect.kind != mqtt::Effect::Kind::send) {
                // DISCONNECT, or what is due before a close, is not to be lost with it.
                if (effect.kind == mqtt::Effect::Kind::close) write();
                return State::effect;
            }
            sending_ = effect.bytes;
            continue;
        }
        drained_ = true;
        if (const State state = write(); state != State::idle) return state;
        if (!readable) return State::idle;
        if (const State state = read(now); state != State::effect) return state;
        drained_ = false;
    }
}

// Small packets share a write, hence a TLS record and a segment; what fills a write by itself is not copied.
Line::State Line::gather() noexcept {
    while (!sending_.empty()) {
        if (gathered_ == 0 && sending_.size() >= out_.size()) {
            const int count = put(sending_.data(), sending_.size());
            if (count < 0) return count == kWouldBlock ? State::full : State::failed;
            sending_ = sending_.subspan(static_cast<std::size_t>(count));
        } else if (gathered_ == out_.size()) {
            if (const State state = write(); state != State::idle) return state;
        } else {
            const std::size_t count = std::min(sending_.size(), out_.size() - gathered_);
            std::memcpy(out_.data() + gathered_, sending_.data(), count);
            gathered_ += count;
            sending_ = sending_.subspan(count);
        }
    }
    return State::idle;
}

Line::State Line::write() noexcept {
    while (gathered_ > 0) {
        const int count = put(out_.data(), gathered_);
        if (count < 0) return count == kWouldBlock ? State::full : State::failed;
        gathered_ -= static_cast<std::size_t>(count);
        std::memmove(out_.data(), out_.data() + count, gathered_);
    }
    return State::idle;
}

int Line::put(const std::uint8_t* from, std::size_t size) noexcept {
    if (repeated_ != 0) size = repeated_;
    const int count = stream_.write(from, size);
    repeated_ = count == kWouldBlock ? size : 0;
    if (count < 0 && count != kWouldBlock) fault_ = count;
    return count;
}

// State::effect: there is something for the session to look at.
Line::State Line::read(mqtt::Millis now) noexcept {
    const int count = stream_.read(in_.data(), in_.size());
    if (count == kWouldBlock) return State::idle;
    if (count == 0) return State::ended;
    if (count < 0) {
        fault_ = count;
        return State::failed;
    }
    session.bytes_received(now, {in_.data(), static_cast<std::size_t>(count)});
    return State::effect;
}

}  // namespace countersign::native
