// What a connection to a broker needs, and what is told about it.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/mqtt/types.h"
#include "host/base/error.h"
#include "host/base/secret.h"

namespace countersign::transport {

using mqtt::Qos;

// A PEM file, or its content.
using PublicPem = std::variant<std::filesystem::path, std::string>;
using PrivatePem = std::variant<std::filesystem::path, Secret>;

// MQTT 5: names and values, in order, a name as often as one likes.
using UserProperties = std::vector<std::pair<std::string, std::string>>;

struct Will {
    std::string topic;
    std::string payload;
    Qos qos = Qos::at_least_once;
    bool retain = true;
};

struct Address {
    std::string host;  // dialled, and looked for in the broker's certificate, exactly as written
    std::uint16_t port = 8883;
    // What the certificate must name instead, one of these: for an address that no certificate names.
    std::vector<std::string> names{};
    // Tried on the off chance: that none of our brokers is there is not worth a word.
    bool aside = false;

    friend bool operator==(const Address&, const Address&) = default;
};

struct Options {
    // Tried in this order (host/transport/round.h); after a loss the one we were connected to comes first.
    std::vector<Address> brokers;
    std::string client_id;
    PublicPem certificate;  // our leaf first, then the certificates between it and an anchor
    PrivatePem key;         // unencrypted PKCS#8 or SEC 1
    PublicPem anchors;      // every CA the broker may come from; nothing of the system's store is trusted

    mqtt::Version version = mqtt::Version::v3_1_1;
    bool clean_session = true;  // MQTT 5: Clean Start
    // MQTT 5 only: how long the broker keeps our session while we are away, and what CONNECT tells it about
    // us.
    std::chrono::seconds session_expiry{0};
    UserProperties user_properties;
    std::chrono::seconds keep_alive{60};  // at most 65535
    std::optional<Will> will;

    std::chrono::milliseconds connect_timeout{15'000};  // for each address: dialling to CONNACK, all of it
    // Bytes; a larger incoming message is refused, not kept. MQTT 5: the broker is told, and does not send
    // it.
    std::size_t max_packet = std::size_t{256} << 10;
    std::size_t max_queued = 10'000;  // messages waiting to be sent or acknowledged
    std::uint16_t max_inflight = 20;  // as Mosquitto's max_inflight_messages

    // Reconnecting: full jitter (a uniform wait below a ceiling that doubles), from the first to the last
    // ceiling; back to the first once a connection has lasted `stable_after`.
    bool reconnect = true;
    bool give_up_on_permanent =
        true;  // false: a permanent fault is told, and tried again below `cure_backoff`
    std::chrono::milliseconds first_backoff{1'000};
    std::chrono::milliseconds last_backoff{300'000};
    std::chrono::milliseconds cure_backoff{60'000};  // after a permanent fault, however often
    std::chrono::milliseconds stable_after{60'000};

    // For tests; the defaults are what programs want.
    std::function<std::uint32_t()> random = [] { return std::random_device{}(); };
    std::function<std::chrono::steady_clock::time_point()> now = std::chrono::steady_clock::now;
    // The addresses of a name, numeric; without it the system is asked.
    std::function<std::vector<std::string>(const std::string& host)> lookup{};
};

enum class Phase : std::uint8_t {
    connecting,  // dialling, TLS, CONNECT
    connected,   // CONNACK has said yes
    waiting,     // not connected; tries again after `retry_in`
    stopped,     // after stop(), or given up: `error` says why
};

struct State {
    Phase phase = Phase::stopped;
    bool session_present = false;  // connected: the broker kept our session
    bool tls_resumed = false;      // connected: the TLS session of an earlier connection was taken up
    std::string host{};            // connecting: the first that is dialled; connected: with whom
    std::uint16_t port = 0;
    std::optional<Error>
        error{};             // waiting, stopped: what ended the connection, or kept it from coming about
    bool permanent = false;  // the same again would fail again: someone must cure it
    std::chrono::milliseconds retry_in{};  // waiting
};

}  // namespace countersign::transport
