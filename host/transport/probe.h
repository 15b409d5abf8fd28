// One try to connect, for those who want to know whether somebody would be let in: a TLS handshake, CONNECT,
// and what the broker says. It blocks, and hangs up at once.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "host/transport/options.h"
#include "host/transport/tls.h"

namespace countersign::transport {

enum class Answer : std::uint8_t {
    admitted,   // CONNACK with return code 0
    refused,    // CONNACK with any other, or the broker hung up after the handshake began
    no_answer,  // nothing listens, or nothing came in time
};

struct Probed {
    Answer answer = Answer::no_answer;
    bool resumed = false;  // the TLS session of the try before was taken up
};

// Whether somebody accepts connections at this address, by name or number. It blocks, for `patience` at most
// beside the lookup of a name.
[[nodiscard]] bool listens(const std::string& host, std::uint16_t port, std::chrono::milliseconds patience);

class Probe {
  public:
    // The first broker, client_id, certificate, key, anchors and connect_timeout are looked at. Throws what
    // Client throws.
    explicit Probe(Options options);

    // The session is not clean, so that nobody's waiting messages are lost. The second try resumes the TLS
    // session of the first where the broker gave one.
    [[nodiscard]] Probed connect();

  private:
    Options options_;
    TlsContext tls_;
};

}  // namespace countersign::transport
