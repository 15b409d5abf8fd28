// An MQTT client with an identity: it connects, keeps connected, and says in words why it does not.
//
//     countersign::Client client(countersign::load_identity("gateway", {{"192.168.1.22"}}));
//     client.subscribe("cmd/#", [](std::string_view topic, std::string_view payload) { … });
//     client.publish("temperature", "21.5");
//     client.run();
//
// Topics are the identity's own: "temperature" means devices/<name>/temperature. One that starts with
// devices/, countersign/ or $ is taken as it stands.
//
// Everything happens in the thread that calls run(), run_for() or flush(), callbacks too; only post() may be
// called from another. Callbacks may call the client, but not destroy it; what they throw comes out of run(),
// run_for() or flush(), and the next one goes on.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "countersign/identity.h"

namespace countersign {

struct ClientOptions {
    std::chrono::seconds keepalive{60};  // after one and a half of it the broker says "offline" for us
    bool announce = true;  // keep devices/<name>/status (retained) at "online", and by last will at "offline"
    bool clean_session = false;  // true: the broker forgets subscriptions and undelivered messages when we go
    std::size_t receive_limit = std::size_t{256} << 10;  // bytes of the largest message taken
    std::size_t queue = 10'000;  // messages that wait for the broker; more are refused, E-QUEUE-FULL
    std::uint16_t window = 20;   // of these, on their way at once
    std::chrono::milliseconds deadline{15'000};  // for each address: dialling to the broker's yes
    int version = 4;                             // of MQTT: 4 is 3.1.1, 5 is 5.0
    // One line whenever the connection comes up or fails, or a message nobody waits for is refused.
    std::function<void(const std::string& line)> log{};
};

// What MQTT 5 lets a message carry.
struct Properties {
    std::optional<std::chrono::seconds> expires_after{};  // then nobody gets it any more
    std::string content_type{};
    std::string response_topic{};  // where an answer is awaited
    std::string correlation_data{};
    std::vector<std::pair<std::string, std::string>> user{};
};

// A message that has arrived, whole. The views live until the callback returns.
struct Received {
    std::string_view topic;
    std::string_view payload;
    int qos = 0;
    bool retained = false;   // it was stored in the broker before we subscribed
    bool duplicate = false;  // QoS 1: it may have been delivered before
    Properties properties{};
};

class Client {
  public:
    using Callback = std::function<void(std::string_view topic, std::string_view payload)>;
    using WholeCallback = std::function<void(const Received& message)>;
    // Nothing: the broker has the message (QoS 0: it has been written).
    using Done = std::function<void(const std::optional<Fault>& fault)>;

    // Reads the identity's files. Throws Fault.
    explicit Client(const Identity& identity, ClientOptions options = {});
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    ~Client();  // drops the connection at once; close() ends it in order

    // The rest may be called at any time, also before run() and while there is no connection.

    // Messages wait in order, through any number of connections, until the broker has acknowledged them. QoS
    // 1 arrives at least once, QoS 2 exactly once unless the broker loses its memory, QoS 0 is sent once.
    // `properties` need version 5; `done` says E-USAGE otherwise, and for what no property can hold.
    void publish(std::string_view topic, std::string_view payload, int qos = 1, bool retain = false,
                 Done done = {}, const Properties& properties = {});

    // It is asked for now or at the next connect, and again whenever the broker has forgotten it. Every
    // callback whose filter matches is called, in the order of subscription; the views live until it returns.
    void subscribe(std::string_view filter, Callback callback, int qos = 1);
    void subscribe(std::string_view filter, WholeCallback callback, int qos = 1);
    void unsubscribe(std::string_view filter);

    // Connects and stays connected until close().
    void run();
    // The same for so long. False once the client is closed.
    bool run_for(std::chrono::milliseconds duration);
    // Until the broker has everything published so far, at most for so long. True: it has.
    bool flush(std::chrono::milliseconds limit);

    // Delivers what is on its way, for `grace` at most, says "offline", disconnects and ends run().
    void close(std::chrono::milliseconds grace = std::chrono::seconds(5));
    // SIGINT and SIGTERM call close().
    void close_on_signals();

    // From any thread: `task` is called in that of run().
    void post(std::function<void()> task);

    [[nodiscard]] bool connected() const noexcept;
    // Why the last attempt or connection ended; nothing while connected.
    [[nodiscard]] const std::optional<Fault>& fault() const noexcept;
    [[nodiscard]] const std::string& name() const noexcept;
    // The full topic for one of the identity's own.
    [[nodiscard]] std::string topic(std::string_view own) const;

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

// Connects, delivers one message, disconnects: for programs that start, report and end. Throws Fault, at once
// for what trying again cannot help, else when `limit` has passed. "online" and "offline" are left alone.
void publish_once(const Identity& identity, std::string_view topic, std::string_view payload, int qos = 1,
                  bool retain = false, std::chrono::milliseconds limit = std::chrono::seconds(30));

}  // namespace countersign
