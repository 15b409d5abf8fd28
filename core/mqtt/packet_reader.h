// Cuts the byte stream into packets, whatever pieces it comes in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/mqtt/decode.h"
#include "core/mqtt/oversize.h"

namespace countersign::mqtt {

class PacketReader {
  public:
    enum class Result : std::uint8_t {
        need_more,  // the input is used up
        packet,     // header() and body() describe a whole packet
        oversize,  // 3.1.1: a PUBLISH too large for the buffer has gone by; oversize() describes it. In 5 the
                   // server knows what we bear [5: MQTT-3.1.2-24] and such a packet is a fault
        fault,     // fault() says what; reset() before anything else
    };

    // `buffer` holds the largest body that is taken whole. It is not touched when a packet comes in one
    // piece.
    explicit PacketReader(std::span<std::uint8_t> buffer) noexcept : buffer_(buffer) {}

    // Forgets a half-read packet: the transport is a new one.
    void reset(Version version) noexcept;

    // Takes at most one packet from the front of `input`. body() lives until the next call and as long as
    // `input`.
    Result read(Bytes& input) noexcept;

    [[nodiscard]] const Header& header() const noexcept { return header_; }
    [[nodiscard]] Bytes body() const noexcept { return body_; }
    [[nodiscard]] const OversizePublish& oversize() const noexcept { return oversize_; }
    [[nodiscard]] Fault fault() const noexcept { return fault_; }
    [[nodiscard]] std::size_t capacity() const noexcept { return buffer_.size(); }

  private:
    enum class Part : std::uint8_t { first_byte, length, body, oversize_body };

    Result fail(Fault fault) noexcept;
    Result read_length(std::uint8_t byte) noexcept;
    Result read_body(Bytes& input) noexcept;
    Result read_oversize(Bytes& input) noexcept;

    std::span<std::uint8_t> buffer_;
    std::size_t filled_ = 0;  // bytes of the body gathered in the buffer
    Bytes body_{};
    OversizePublish oversize_{};
    Header header_{};
    Part part_ = Part::first_byte;
    std::uint8_t length_bytes_ = 0;
    Version version_ = Version::v3_1_1;
    Fault fault_ = Fault::none;
};

}  // namespace countersign::mqtt
