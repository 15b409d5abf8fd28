// One MQTT client library, driven as its own documentation means it; all of them alike where they can be.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace countersign::bench {

inline constexpr int kWindow = 20;  // messages in flight, as Mosquitto's own default
// What the program hands to the library before it waits for the first of them to be done.
inline constexpr std::size_t kOutstanding = 200;

// Where to connect, and as whom.
struct Target {
    std::uint16_t port;  // of 127.0.0.1
    std::string client_id;
    std::filesystem::path certificate, key, anchors;  // PEM
};

// Made and used in a process of its own. Every call blocks until it is done, and throws when it fails.
class Peer {
  public:
    Peer() = default;
    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;
    virtual ~Peer() = default;

    virtual void connect() = 0;     // to CONNACK
    virtual void disconnect() = 0;  // in order; connect() may follow
    // Until the broker has acknowledged all: QoS 0 messages are followed by one of QoS 1, since the broker
    // reads in order.
    virtual void publish(const std::string& topic, const std::string& payload, int qos,
                         std::size_t count) = 0;
    virtual void subscribe(const std::string& filter, int qos) = 0;  // to SUBACK
    virtual void receive(std::size_t count) = 0;                     // messages
};

struct Library {
    std::string name;
    std::string version;
    std::function<std::unique_ptr<Peer>(const Target&)> make;
};

[[nodiscard]] Library countersign_library();
// Mosquitto's client with its loop in the caller's thread, and with a thread of its own.
[[nodiscard]] Library libmosquitto_library();
[[nodiscard]] Library libmosquitto_threaded_library();
[[nodiscard]] Library paho_library();

}  // namespace countersign::bench
