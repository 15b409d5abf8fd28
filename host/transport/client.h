// An MQTT client over mutual TLS: core/mqtt between Asio and OpenSSL.
//
// It lives in the caller's io_context and is not thread-safe: call it from the thread that runs the context,
// which is also where every callback comes. Callbacks may call the client, also stop(), but not destroy it;
// what they throw comes out of the context's run(), and the next run() goes on. Nothing is printed.
// Destroying the client drops the connection at once; stop() ends it in order.
//
// Errors arrive as the catalogue's codes:
//   E-BROKER-UNREACHABLE  no such host, nothing listens, no answer in time            passing
//   E-BROKER-CLOSED       a working connection was lost                               passing
//   E-BROKER-PROTOCOL     what answers does not speak TLS or MQTT as it must          permanent
//   E-BROKER-UNTRUSTED    the broker's certificate is not from our anchors            permanent
//   E-BROKER-NAME         the broker's certificate does not name the host dialled     permanent
//   E-BROKER-CERT-DATES   the broker's certificate is expired or not yet valid        permanent
//   E-CERT-EXPIRED        ours has expired (the broker's alert, or its dates)         permanent
//   E-BROKER-REFUSED      ours is revoked or unknown, or CONNACK said no              permanent
//   E-TOPIC-INVALID, E-MESSAGE-TOO-LARGE, E-QUEUE-FULL, E-NOT-SENT     one message or subscription
// Of several brokers the failure that tells most is told; it is permanent when the broker itself refuses us,
// or when all of them failed for good.
#pragma once

#include <asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/transport/options.h"
#include "host/transport/properties.h"

namespace countersign::transport {

// A message that has arrived. The views live until the callback returns.
struct Received {
    std::string_view topic;
    std::string_view payload;
    Qos qos = Qos::at_most_once;
    bool retained = false;          // it was stored in the broker before we subscribed
    bool duplicate = false;         // QoS 1: it may have been delivered before
    mqtt::Properties properties{};  // MQTT 5
};

class Client {
  public:
    // Nothing when it worked.
    using Done = std::function<void(const std::optional<Error>&)>;

    // Reads and checks the PEM files; they are read again for a connection when they have been replaced.
    // Throws Error{FileRead, CertInvalid, KeyTypeUnsupported, Usage}.
    Client(asio::io_context& context, Options options);
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    ~Client();

    // Set these before start().
    void on_message(std::function<void(const Received&)> callback);
    void on_state(std::function<void(const State&)> callback);
    // MQTT 3.1.1: a message larger than max_packet went by: its topic (cut to max_packet) and size. It is
    // acknowledged. In MQTT 5 the broker knows max_packet and sends no such message.
    void on_oversize(std::function<void(std::string_view topic, std::size_t bytes)> callback);

    // Connects, and keeps connecting. The context runs out of work only after stop() or giving up.
    void start();

    // Sends what is queued and waits for its acknowledgements, at most `grace`; then DISCONNECT, close, and
    // Phase::stopped. Messages not acknowledged by then end with E-NOT-SENT. `grace` 0 does not wait.
    void stop(std::chrono::milliseconds grace = std::chrono::milliseconds{0});

    // May be called in any phase: it is sent when connected, and again whenever the broker has lost our
    // session. `done` comes with the broker's first answer. E-TOPIC-INVALID: no filter; E-BROKER-REFUSED: the
    // broker does not grant it.
    void subscribe(std::string filter, Qos qos, Done done = {});
    void unsubscribe(std::string filter, Done done = {});

    // May be called in any phase: messages wait for the connection in order and survive the loss of it.
    // `done` comes after the acknowledgement (QoS 1: PUBACK, QoS 2: PUBCOMP), or, for QoS 0, when it has been
    // written to the connection. Without an acknowledgement a message may arrive twice at QoS 1, and at QoS 2
    // only when the broker lost our session in between. E-BROKER-REFUSED: a broker of MQTT 5 does not take
    // it.
    void publish(std::string topic, std::string payload, Qos qos, bool retain = false, Done done = {},
                 const MessageProperties& properties = {});

    // Instead of Options::brokers, from the next dial on: at once while there is no connection.
    void set_brokers(std::vector<Address> brokers);

    [[nodiscard]] const State& state() const noexcept;

  private:
    class Impl;
    std::shared_ptr<Impl> impl_;
};

// Connects, publishes one message, waits for its acknowledgement, disconnects. Passing faults are tried again
// until `deadline` has passed; permanent ones throw at once. Throws what Client reports.
void publish_once(Options options, std::string topic, std::string payload, Qos qos, bool retain,
                  std::chrono::milliseconds deadline);

}  // namespace countersign::transport
