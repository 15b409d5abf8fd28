// A client of OpenSSL and hand-made MQTT 3.1.1 packets: it sees what the broker really answers, resumes TLS
// sessions, and lies when a test wants it to.
#pragma once

#include <openssl/ssl.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "tests/unit/broker/support.h"

namespace countersign::broker {

struct FreeSsl {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    void operator()(SSL* connection) const { SSL_free(connection); }
    void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};
using TlsSession = std::unique_ptr<SSL_SESSION, FreeSsl>;

class RawClient {
  public:
    struct Options {
        int tls_version = TLS1_3_VERSION;
        bool clean = true;
        SSL_SESSION* resume = nullptr;
    };
    // Connects to 127.0.0.1 and shakes hands. `identity` nullptr: without a certificate.
    RawClient(std::uint16_t port, const std::filesystem::path& ca, const Identity* identity);
    RawClient(std::uint16_t port, const std::filesystem::path& ca, const Identity* identity,
              const Options& options);
    RawClient(const RawClient&) = delete;
    RawClient& operator=(const RawClient&) = delete;
    ~RawClient();

    // The return code of the CONNACK (0 accepted, 5 not authorized), nothing when the connection was closed.
    std::optional<int> connect(std::string_view client_id);
    // Sends CONNECT and is gone at once.
    void connect_and_vanish(std::string_view client_id);
    // True when a PINGREQ is answered: the session is alive.
    bool ping();
    // True when granted. QoS 1.
    bool subscribe(std::string_view topic);
    // QoS 1, until its PUBACK. False when the connection was closed.
    bool publish(std::string_view topic, std::string_view payload);
    bool publish_retained(std::string_view topic, std::string_view payload);
    // Everything that has arrived before the answer to a PINGREQ, as "topic=payload topic=payload ".
    std::string messages();
    // DISCONNECT.
    void leave();

    [[nodiscard]] bool resumed() const { return SSL_session_reused(ssl_.get()) == 1; }
    [[nodiscard]] TlsSession session() const;

  private:
    struct Packet {
        std::uint8_t type = 0;  // the first byte; 0: the connection was closed
        std::string body;
    };
    bool send_connect(std::string_view client_id);
    bool publish_as(std::uint8_t type, std::string_view topic, std::string_view payload);
    bool send(std::uint8_t type, const std::string& body);
    Packet receive();
    // The next packet of this type; messages that come before it go to the inbox.
    Packet answer(std::uint8_t type);
    void take_message(const Packet& publish);

    int fd_ = -1;
    bool clean_ = true;
    std::string inbox_;
    std::unique_ptr<SSL_CTX, FreeSsl> context_;
    std::unique_ptr<SSL, FreeSsl> ssl_;
};

}  // namespace countersign::broker
