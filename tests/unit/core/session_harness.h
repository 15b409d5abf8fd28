// A session on storage of exactly the asked sizes (so that the sanitizer sees one byte too many), whose
// effects are written down as lines, and the server's packets as hand-made bytes.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "core/mqtt/session.h"

namespace countersign::mqtt::test {

using Packet = std::vector<std::uint8_t>;
using Lines = std::vector<std::string>;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string hex(Bytes bytes);
std::string line_of(const Effect& effect);
Packet join(const std::vector<Packet>& packets);
inline Bytes as_bytes(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

struct Sizes {
    std::size_t receive = 64;
    std::size_t transmit = 128;
    std::size_t store = 128;
    std::size_t outgoing = 8;
    std::size_t incoming = 4;
    std::size_t aliases_in = 0;
    std::size_t aliases_out = 0;
    Limits limits{};
};

class Harness {
  public:
    explicit Harness(const Sizes& sizes = {});

    // All effects there are now. Their views are copied at once: they do not live longer.
    Lines drain();
    // The server sends; what comes of it.
    Lines receive(const Packet& packet, Millis now = 0);

    // CONNECT as "d1", keepalive 60 s, and a CONNACK that accepts; its effects are checked and left out.
    void connect(bool clean_session = true, bool session_present = false, Millis now = 0);
    // The same up to the CONNACK, and what comes with it after "connected".
    Lines reconnect(bool session_present, Millis now = 0);

    // In MQTT 5: CONNECT as "d1", Clean Start 0, session expiry 100 s; `server_says` are CONNACK's
    // properties. What comes with "connected" and after it.
    Lines connect5(const Packet& server_says = {}, bool session_present = false, Millis now = 0);

    Accepted publish(std::string_view topic, std::string_view payload, Qos qos, bool retain = false);
    Accepted subscribe(std::string_view filter, Qos qos);
    Accepted unsubscribe(std::string_view filter);

  private:
    std::vector<std::uint8_t> receive_, transmit_, store_, aliases_in_, aliases_out_;
    std::vector<Slot> outgoing_;
    std::vector<std::uint16_t> incoming_;

  public:
    Session session;
};

// CONNACK: type 2, length 2, flags (bit 0: session present), return code
inline Packet connack(std::uint8_t flags = 0, std::uint8_t code = 0) {
    return {0x20, 0x02, flags, code};
}
// The same of 5: flags, reason code, length of the properties, properties
inline Packet connack5(const Packet& properties = {}, std::uint8_t flags = 0, std::uint8_t reason = 0) {
    const auto length = static_cast<std::uint8_t>(properties.size());
    return join({{0x20, static_cast<std::uint8_t>(length + 3), flags, reason, length}, properties});
}
ConnectOptions options5();
// PUBACK 0x40, PUBREC 0x50, PUBREL 0x62, PUBCOMP 0x70, UNSUBACK 0xB0: length 2, packet id
inline Packet answer(std::uint8_t first, std::uint16_t id) {
    return {first, 0x02, static_cast<std::uint8_t>(id >> 8), static_cast<std::uint8_t>(id & 0xFF)};
}

}  // namespace countersign::mqtt::test
