// Mosquitto's configuration and access lists, generated: what people would write by hand for mutual TLS with
// our plugin, and nothing that has to be edited afterwards.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace countersign::broker {

struct Settings {
    std::filesystem::path folder;  // <home>/broker, absolute: everything Mosquitto reads or writes is in it
    std::uint16_t port = 8883;
    std::string address;   // listen only here ("127.0.0.1"); "" for every IPv4 and IPv6 address
    std::string user;      // whom Mosquitto becomes when root starts it: broker_user(); "" when not root
    bool verbose = false;  // debug lines in the log
};

// The files in the folder, by their fixed names.
struct Files {
    explicit Files(const std::filesystem::path& folder);
    std::filesystem::path config, acl, ca, crl, certificate, key, admission, data, plugin;
};

// Throws Error{HomeUnreachable} when Mosquitto's line-based syntax cannot carry the folder's path.
[[nodiscard]] std::string mosquitto_config(const Settings& settings);

// One block for devices (and birth identities, which own only their own topics), one for each operator. The
// operators are names, without their prefix. A new operator needs a reload of the broker.
[[nodiscard]] std::string access_list(std::span<const std::string> operators);

}  // namespace countersign::broker
