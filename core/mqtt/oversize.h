// A PUBLISH larger than the receive buffer, as it streams by: what is needed to name it and to acknowledge
// it.
#pragma once

#include <cstdint>
#include <span>

#include "core/mqtt/decode.h"
#include "core/mqtt/utf8.h"

namespace countersign::mqtt {

class OversizePublish {
  public:
    // The topic is kept in `buffer`, as much of it as fits.
    void begin(const Header& header, std::span<std::uint8_t> buffer) noexcept;

    // Takes what belongs to this packet from the front of `input`. A fault is final.
    [[nodiscard]] Fault add(Bytes& input) noexcept;
    [[nodiscard]] bool complete() const noexcept { return seen_ == header_.length; }

    // Once complete: everything but the payload.
    [[nodiscard]] Publish publish() const noexcept;
    [[nodiscard]] std::size_t payload_size() const noexcept { return header_.length - head_length(); }

  private:
    // Topic length, topic and, above QoS 0, packet id.
    [[nodiscard]] std::uint32_t head_length() const noexcept;
    [[nodiscard]] Fault add_head(std::uint8_t byte) noexcept;
    [[nodiscard]] Fault end_of_head() const noexcept;

    Header header_{};
    std::span<std::uint8_t> buffer_{};
    std::uint32_t seen_ = 0;  // bytes of the body so far
    std::uint16_t topic_length_ = 0;
    std::uint16_t packet_id_ = 0;
    Utf8Checker checker_{};
    bool wildcard_ = false;
};

}  // namespace countersign::mqtt
