#include "host/lifecycle/home.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/identity/name.h"
#include "host/base/beneath.h"
#include "host/base/error.h"
#include "host/base/files.h"

namespace countersign::lifecycle {

using Json = nlohmann::ordered_json;

Home::Home(std::filesystem::path root) : root_(std::move(root)) {
    confine(root_);
}

std::filesystem::path Home::device(std::string_view name) const {
    if (!is_valid_name(name)) throw Error(Code::NameInvalid);
    return devices() / name;
}

void Home::require_initialised() const {
    if (open_path(settings(), O_PATH)) return;
    throw Error(Code::HomeMissing, fmt::format("There is no authority in {} yet.", root_.string()));
}

Settings load_settings(const Home& home) {
    home.require_initialised();
    try {
        const Json json = Json::parse(read_text(home.settings()));
        Settings settings;
        settings.hosts = json.at("hosts").get<std::vector<std::string>>();
        settings.port = json.at("port").get<std::uint16_t>();
        settings.former_ports = json.value("former_ports", settings.former_ports);
        settings.key_type = json.at("key_type").get<std::string>();
        settings.days = json.at("days").get<std::int64_t>();
        settings.encrypted = json.at("encrypted").get<bool>();
        settings.brokers_version = json.value("brokers_version", settings.brokers_version);
        settings.lifetime_seconds = json.value("lifetime_seconds", settings.lifetime_seconds);
        settings.birth_renewal = json.value("birth_renewal", settings.birth_renewal);
        settings.renewals_per_day = json.value("renewals_per_day", settings.renewals_per_day);
        settings.old_boards = json.value("old_boards", settings.old_boards);
        if (settings.birth_renewal != "allow" && settings.birth_renewal != "approve") {
            throw Error(Code::AuthorityBroken, "settings.json: birth_renewal is neither allow nor approve.");
        }
        if (settings.hosts.empty()) throw Error(Code::AuthorityBroken, "settings.json names no host.");
        return settings;
    } catch (const Json::exception& error) {
        throw Error(Code::AuthorityBroken, fmt::format("{}: {}.", home.settings().string(), error.what()));
    }
}

std::string settings_text(const Settings& settings) {
    const Json json{{"hosts", settings.hosts},
                    {"port", settings.port},
                    {"former_ports", settings.former_ports},
                    {"key_type", settings.key_type},
                    {"days", settings.days},
                    {"encrypted", settings.encrypted},
                    {"brokers_version", settings.brokers_version},
                    {"lifetime_seconds", settings.lifetime_seconds},
                    {"birth_renewal", settings.birth_renewal},
                    {"renewals_per_day", settings.renewals_per_day},
                    {"old_boards", settings.old_boards}};
    return json.dump(2) + "\n";
}

void save_settings(const Home& home, const Settings& settings) {
    write_file(home.settings(), settings_text(settings), kPublicFile);
}

}  // namespace countersign::lifecycle
