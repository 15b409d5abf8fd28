#include "host/lifecycle/hosts.h"

#include <fmt/format.h>

#include <algorithm>

#include "host/base/error.h"
#include "host/lifecycle/broker_list.h"

namespace countersign::lifecycle {
namespace {

constexpr std::size_t kFormerPorts = 4;  // a listener each

bool contains(const std::vector<pki::HostName>& hosts, const pki::HostName& host) {
    return std::find(hosts.begin(), hosts.end(), host) != hosts.end();
}

void append_new(std::vector<pki::HostName>& hosts, const std::vector<pki::HostName>& more) {
    for (const auto& host : more) {
        if (!contains(hosts, host)) hosts.push_back(host);
    }
}

}  // namespace

std::vector<pki::HostName> hosts_with(const Settings& settings, const std::vector<pki::HostName>& more,
                                      Place place) {
    const auto present = hosts_of(settings);
    std::vector<pki::HostName> hosts;
    append_new(hosts, place == Place::first ? more : present);
    append_new(hosts, place == Place::first ? present : more);
    return hosts;
}

std::vector<pki::HostName> hosts_without(const Settings& settings, const std::vector<pki::HostName>& fewer) {
    const auto present = hosts_of(settings);
    for (const auto& host : fewer) {
        if (!contains(present, host)) {
            throw Error(Code::HostUnknown, fmt::format("The broker has no address {}.", host.text()));
        }
    }
    std::vector<pki::HostName> hosts;
    for (const auto& host : present) {
        if (!contains(fewer, host)) hosts.push_back(host);
    }
    if (hosts.empty()) {
        throw Error(Code::HostLast, fmt::format("{} is the broker's last address.", present.front().text()));
    }
    return hosts;
}

HostsChange set_hosts(OpenHome& home, IssuingAuthority& authority, const std::vector<pki::HostName>& hosts) {
    auto broker = reissue_broker(home, authority.issuer(), hosts);
    Settings settings = home.settings();
    settings.hosts.clear();
    for (const auto& host : hosts) settings.hosts.push_back(host.text());
    if (settings.hosts != home.settings().hosts) {
        ++settings.brokers_version;
        home.change_settings(settings);
    }
    refresh_broker_list(home.home(), settings, authority.authority(), authority.signer());
    return {settings.hosts, settings.brokers_version, std::move(broker)};
}

// The setting first: killed in between, the certificate's next renewal follows it, and so does the same
// command.
HostsChange set_old_boards(OpenHome& home, IssuingAuthority& authority, bool served) {
    Settings settings = home.settings();
    settings.old_boards = served;
    home.change_settings(settings);
    auto broker = reissue_broker(home, authority.issuer(), hosts_of(settings));
    return {settings.hosts, settings.brokers_version, std::move(broker)};
}

PortChange set_port(OpenHome& home, std::uint16_t port, FormerPort former) {
    Settings settings = home.settings();
    PortChange change{port, {}, 0};
    home.registry().list({Role::device, {}, {}, ""},
                         [&](const registry::Summary& row) { change.devices += row.certificate ? 1 : 0; });
    auto& others = settings.former_ports;
    if (settings.port != port) {
        others.insert(others.begin(), settings.port);
        ++settings.brokers_version;
    }
    std::erase(others, port);
    if (former == FormerPort::drop || change.devices == 0) others.clear();
    others.resize(std::min(others.size(), kFormerPorts));
    settings.port = port;
    change.former = others;
    home.change_settings(settings);
    return change;
}

bool is_old_board(const std::array<int, 3>& micropython) noexcept {
    return micropython < std::array<int, 3>{1, 24, 0};
}

}  // namespace countersign::lifecycle
