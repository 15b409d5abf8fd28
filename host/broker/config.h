// Mosquitto's configuration and access lists, generated: what people would write by hand for mutual TLS with
// our plugin, and nothing that has to be edited afterwards.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace countersign::broker {

struct Settings {
    std::filesystem::path folder;  // <home>/broker, absolute: everything Mosquitto reads or writes is in it
    std::uint16_t port = 8883;
    std::string address;   // listen only here ("127.0.0.1"); "" for every IPv4 and IPv6 address
    std::string user;      // whom Mosquitto becomes when root starts it: broker_user(); "" when not root
    bool verbose = false;  // debug lines in the log
    std::vector<std::uint16_t> former_ports = {};  // where devices that have not heard of `port` still look
};

// The files in the folder, by their fixed names. `ca` holds every CA, the newest first; `cas` the same where
// Mosquitto looks (ca_folder.h). `old_crl` is what earlier versions had Mosquitto read: an empty list of the
// issuing CA without an end, which un-revokes everybody wherever else it is believed.
struct Files {
    explicit Files(const std::filesystem::path& folder);
    std::filesystem::path config, acl, ca, cas, old_crl, certificate, key, admission, data, plugin,
        knows_fresh;
};

// Throws Error{HomeUnreachable} when Mosquitto's line-based syntax cannot carry the folder's path.
[[nodiscard]] std::string mosquitto_config(const Settings& settings);

// The same for a Mosquitto that has a configuration: what is about our clients, and nothing that is said only
// once (user, pid_file, persistence, logs).
[[nodiscard]] std::string mosquitto_part(const Settings& settings);

// policy.h as far as Mosquitto's access list can say it: one block for devices, one for each operator and
// each responder (names, without their prefix). A new operator or responder needs a reload of the broker.
// `own` (acl.local) is taken in as it is.
[[nodiscard]] std::string access_list(std::span<const std::string> operators,
                                      std::span<const std::string> responders = {},
                                      std::string_view own = {});

}  // namespace countersign::broker
