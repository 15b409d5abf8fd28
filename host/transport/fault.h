// What went wrong with a connection, in the catalogue's words, and whether trying again can help.
#pragma once

#include <openssl/x509.h>

#include <chrono>
#include <string>
#include <system_error>

#include "core/mqtt/types.h"
#include "host/base/error.h"

namespace countersign::transport {

// How far the connection had come.
enum class Stage : std::uint8_t { resolving, dialling, handshake, connack, connected };

struct Failure {
    Error error;
    bool permanent;  // the same again would fail again
};

// Where we dialled, for the words: "broker.local:8883".
struct Peer {
    std::string host;
    std::uint16_t port;
};

// How our own certificate's dates look by this computer's clock: it explains a broker that hangs up without a
// word.
enum class OwnDates : std::uint8_t { valid, expired, not_yet };
[[nodiscard]] OwnDates dates_of(const X509& certificate);

// A call of Asio or OpenSSL failed. `verify_result` is SSL_get_verify_result() for the handshake.
[[nodiscard]] Failure transport_failure(Stage stage, const std::error_code& code, long verify_result,
                                        OwnDates own, const Peer& peer);
// CONNACK said no.
[[nodiscard]] Failure refusal(mqtt::ReasonCode reason, const Peer& peer);
// MQTT 5: the broker sent DISCONNECT.
[[nodiscard]] Failure goodbye(mqtt::ReasonCode reason, const Peer& peer);
// The session gave up the connection; any fault but `none`, `refused` and `server_disconnected`.
[[nodiscard]] Failure session_failure(mqtt::Fault fault, const Peer& peer);
// Options::connect_timeout has passed.
[[nodiscard]] Failure attempt_timeout(Stage stage, std::chrono::milliseconds timeout, const Peer& peer);

}  // namespace countersign::transport
