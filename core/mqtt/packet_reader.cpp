#include "core/mqtt/packet_reader.h"

#include <cstring>

namespace countersign::mqtt {
namespace {

constexpr std::uint8_t kMaxLengthBytes = 4;  // 2.2.3

}  // namespace

void PacketReader::reset(Version version) noexcept {
    version_ = version;
    part_ = Part::first_byte;
    fault_ = Fault::none;
}

PacketReader::Result PacketReader::fail(Fault fault) noexcept {
    fault_ = fault;
    return Result::fault;
}

PacketReader::Result PacketReader::read(Bytes& input) noexcept {
    if (fault_ != Fault::none) return Result::fault;
    for (;;) {
        // A body may be empty: what has begun is looked at before the input is.
        if (part_ == Part::body) return read_body(input);
        if (part_ == Part::oversize_body) return read_oversize(input);
        if (input.empty()) return Result::need_more;
        const std::uint8_t byte = input[0];
        input = input.subspan(1);
        if (part_ == Part::first_byte) {
            if (const Fault fault = decode_first_byte(byte, version_, header_); fault != Fault::none)
                return fail(fault);
            header_.length = 0;
            length_bytes_ = 0;
            part_ = Part::length;
        } else if (read_length(byte) == Result::fault) {
            return Result::fault;
        }
    }
}

PacketReader::Result PacketReader::read_length(std::uint8_t byte) noexcept {
    header_.length |= static_cast<std::uint32_t>(byte & 0x7F) << (7 * length_bytes_);
    ++length_bytes_;
    if ((byte & 0x80) != 0) {
        return length_bytes_ == kMaxLengthBytes ? fail(Fault::malformed_length) : Result::need_more;
    }
    const bool longer_than_needed = length_bytes_ > 1 && byte == 0;
    if (longer_than_needed && version_ == Version::v5)
        return fail(Fault::malformed_length);  // [5: MQTT-1.5.5-1]
    if (const Fault fault = check_length(header_, version_); fault != Fault::none) return fail(fault);
    filled_ = 0;
    part_ = Part::body;
    if (header_.length > buffer_.size()) {
        const bool streams = header_.type == PacketType::publish && version_ != Version::v5;
        if (!streams) return fail(Fault::packet_too_large);
        oversize_.begin(header_, buffer_);
        part_ = Part::oversize_body;
    }
    return Result::need_more;
}

PacketReader::Result PacketReader::read_body(Bytes& input) noexcept {
    const std::size_t wanted = header_.length - filled_;
    const std::size_t count = input.size() < wanted ? input.size() : wanted;
    if (filled_ == 0 && count == wanted) {
        body_ = input.first(count);  // all here: no need to copy
    } else {
        if (count != 0) std::memcpy(buffer_.data() + filled_, input.data(), count);
        filled_ += count;
        body_ = buffer_.first(filled_);
    }
    input = input.subspan(count);
    if (count < wanted) return Result::need_more;
    part_ = Part::first_byte;
    return Result::packet;
}

PacketReader::Result PacketReader::read_oversize(Bytes& input) noexcept {
    if (const Fault fault = oversize_.add(input); fault != Fault::none) return fail(fault);
    if (!oversize_.complete()) return Result::need_more;
    part_ = Part::first_byte;
    return Result::oversize;
}

}  // namespace countersign::mqtt
