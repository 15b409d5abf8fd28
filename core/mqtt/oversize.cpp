#include "core/mqtt/oversize.h"

namespace countersign::mqtt {
namespace {

constexpr std::uint32_t kLengthBytes = 2;
constexpr std::uint32_t kPacketIdBytes = 2;

std::uint16_t shift_in(std::uint16_t value, std::uint8_t byte) noexcept {
    return static_cast<std::uint16_t>(value << 8 | byte);
}

}  // namespace

void OversizePublish::begin(const Header& header, std::span<std::uint8_t> buffer) noexcept {
    *this = OversizePublish{};
    header_ = header;
    buffer_ = buffer;
}

std::uint32_t OversizePublish::head_length() const noexcept {
    const bool has_id = qos_of(header_.flags) != Qos::at_most_once;
    return kLengthBytes + topic_length_ + (has_id ? kPacketIdBytes : 0);
}

Fault OversizePublish::add(Bytes& input) noexcept {
    while (!input.empty() && !complete()) {
        // The length itself comes first: until then the head is at least this long.
        if (seen_ >= kLengthBytes && seen_ >= head_length()) {
            const std::uint32_t left = header_.length - seen_;
            const std::size_t count = input.size() < left ? input.size() : left;
            seen_ += static_cast<std::uint32_t>(count);
            input = input.subspan(count);
            continue;
        }
        const std::uint8_t byte = input[0];
        input = input.subspan(1);
        if (const Fault fault = add_head(byte); fault != Fault::none) return fault;
    }
    return Fault::none;
}

Fault OversizePublish::add_head(std::uint8_t byte) noexcept {
    const std::uint32_t position = seen_++;
    if (position < kLengthBytes) {
        topic_length_ = shift_in(topic_length_, byte);
        if (seen_ < kLengthBytes) return Fault::none;
        if (head_length() > header_.length) return Fault::malformed_string;
        return topic_length_ == 0 ? Fault::bad_topic : Fault::none;
    }
    const std::uint32_t index = position - kLengthBytes;
    if (index < topic_length_) {
        checker_.add(byte);
        if (byte == '+' || byte == '#') wildcard_ = true;
        if (index < buffer_.size()) buffer_[index] = byte;
    } else {
        packet_id_ = shift_in(packet_id_, byte);
    }
    return seen_ == head_length() ? end_of_head() : Fault::none;
}

// The same answers in the same order as decode_publish().
Fault OversizePublish::end_of_head() const noexcept {
    if (!checker_.complete()) return Fault::malformed_string;
    if (wildcard_) return Fault::bad_topic;
    if (qos_of(header_.flags) != Qos::at_most_once && packet_id_ == 0) return Fault::zero_packet_id;
    return Fault::none;
}

Publish OversizePublish::publish() const noexcept {
    const std::size_t kept = topic_length_ < buffer_.size() ? topic_length_ : buffer_.size();
    Publish publish;
    publish.message.topic = {reinterpret_cast<const char*>(buffer_.data()), kept};
    publish.message.qos = qos_of(header_.flags);
    publish.message.retain = (header_.flags & 0x01) != 0;
    publish.duplicate = (header_.flags & 0x08) != 0;
    publish.packet_id = packet_id_;
    return publish;
}

}  // namespace countersign::mqtt
