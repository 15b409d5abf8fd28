// What went wrong with a connection, in the catalogue's words, and whether trying again can help.
#pragma once

#include <openssl/x509.h>

#include <chrono>
#include <string>
#include <system_error>

#include "core/mqtt/types.h"
#include "host/base/error.h"
#include "host/transport/options.h"

namespace countersign::transport {

// How far the connection had come.
enum class Stage : std::uint8_t { resolving, dialling, handshake, connack, connected };

struct Failure {
    Error error;
    bool permanent;        // the same again would fail again
    bool hung_up = false;  // the broker has ended it, after it had let us in, and has not said why
};

// How our own certificate's dates look by this computer's clock: it explains a broker that hangs up without a
// word.
enum class OwnDates : std::uint8_t { valid, expired, not_yet };
[[nodiscard]] OwnDates dates_of(const X509& certificate);

// How much a failure tells of the broker, among those of one round: that it refuses us says more than that
// somebody else answered, and any answer more than silence.
[[nodiscard]] int weight(const Failure& failure);
// Whether the failure leaves open that our broker is elsewhere: it does not come from the broker itself.
[[nodiscard]] bool nobody_of_ours(const Failure& failure);

// What a handshake found wrong with the broker's chain: X509_V_ERR_…, and with which certificate of it; 0 is
// the broker's own.
struct Verdict {
    long error = 0;
    int depth = 0;
};

// A call of Asio or OpenSSL failed; `verdict` is the handshake's.
[[nodiscard]] Failure transport_failure(Stage stage, const std::error_code& code, const Verdict& verdict,
                                        OwnDates own, const Address& peer);
// CONNACK said no.
[[nodiscard]] Failure refusal(mqtt::ReasonCode reason, const Address& peer);
// MQTT 5: the broker sent DISCONNECT.
[[nodiscard]] Failure goodbye(mqtt::ReasonCode reason, const Address& peer);
// The session gave up the connection; any fault but `none`, `refused` and `server_disconnected`.
[[nodiscard]] Failure session_failure(mqtt::Fault fault, const Address& peer);
// Options::connect_timeout has passed.
[[nodiscard]] Failure attempt_timeout(Stage stage, std::chrono::milliseconds timeout, const Address& peer);

}  // namespace countersign::transport
