#include "bench/authentication/records.h"

namespace countersign::bench {
namespace {

constexpr std::size_t kHeader = 5;  // RFC 5246, 6.2.1: type, version, length
enum : unsigned char { kChangeCipherSpec = 20, kHandshake = 22, kApplicationData = 23 };

std::size_t byte(const std::string& stream, std::size_t at) {
    return static_cast<unsigned char>(stream[at]);
}

struct OneWay {
    std::size_t handshake = 0, first_data = 0;
};

OneWay records(const std::string& stream) {
    OneWay sums;
    for (std::size_t at = 0; at + kHeader <= stream.size();) {
        const std::size_t type = byte(stream, at);
        const std::size_t size = kHeader + (byte(stream, at + 3) << 8 | byte(stream, at + 4));
        if (type == kHandshake || type == kChangeCipherSpec) sums.handshake += size;
        if (type == kApplicationData && sums.first_data == 0) sums.first_data = size;
        at += size;
    }
    return sums;
}

// MQTT 3.1.1, 2.2.3; one byte of length, as device.py sends it.
std::size_t first_packet(const std::string& stream) {
    return stream.size() < 2 ? 0 : 2 + byte(stream, 1);
}

}  // namespace

Bytes bytes_to_connack(const Captured& captured, bool with_tls) {
    if (!with_tls) return {0, 0, first_packet(captured.up) + first_packet(captured.down)};
    const OneWay up = records(captured.up), down = records(captured.down);
    return {up.handshake, down.handshake, up.first_data + down.first_data};
}

}  // namespace countersign::bench
