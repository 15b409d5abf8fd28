// An MQTT session on a stream: what the session wants sent is gathered into few writes, what arrives is fed
// to it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/mqtt/session.h"
#include "stream.h"

namespace countersign::native {

class Line {
  public:
    enum class State : std::uint8_t {
        idle,    // all is said and done for now: call again when there is something to read or to send
        full,    // the other side does not take what we have to send: call again when it does
        effect,  // `effect` is set; call again
        ended,   // the other side has closed the stream
        failed,  // fault() says why
    };

    Line(const mqtt::Storage& storage, const mqtt::Limits& limits) noexcept : session(storage, limits) {}

    void attach(const Stream& stream) noexcept;

    // Does what can be done without waiting; reads only when told to. Everything but `send`, which is done
    // here, comes out as `effect`.
    State advance(mqtt::Millis now, bool readable, mqtt::Effect& effect) noexcept;

    [[nodiscard]] int fault() const noexcept { return fault_; }
    // Whether the session's memory may be moved: nothing of it is waiting to be written.
    [[nodiscard]] bool at_rest() const noexcept { return sending_.empty(); }

    mqtt::Session session;

  private:
    State write() noexcept;
    State gather() noexcept;
    State read(mqtt::Millis now) noexcept;
    int put(const std::uint8_t* from, std::size_t size) noexcept;

    Stream stream_;
    int fault_ = 0;
    bool drained_ = false;      // the session has nothing more to say, so it may be told the time
    mqtt::Bytes sending_{};     // the session's, not yet gathered
    std::size_t gathered_ = 0;  // bytes in out_
    std::size_t repeated_ = 0;  // of a write that would have blocked: TLS wants it again as it was
    std::array<std::uint8_t, 1024> out_;
    std::array<std::uint8_t, 512> in_;
};

}  // namespace countersign::native
