// What captured bytes were for, told from TLS's record headers and MQTT's first packet.
#pragma once

#include <cstddef>

#include "bench/authentication/tap.h"

namespace countersign::bench {

struct Bytes {
    std::size_t handshake_up = 0, handshake_down = 0;  // 0 without TLS
    std::size_t mqtt = 0;                              // CONNECT and CONNACK, with the records around them
    [[nodiscard]] std::size_t all() const noexcept { return handshake_up + handshake_down + mqtt; }
};

// Of a connection, up to CONNACK.
[[nodiscard]] Bytes bytes_to_connack(const Captured& captured, bool with_tls);

}  // namespace countersign::bench
