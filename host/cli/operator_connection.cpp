#include "host/cli/operator_connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <random>
#include <utility>

#include "host/base/error.h"

namespace countersign::cli {
namespace {

constexpr std::array<std::string_view, 2> kThisMachine{"127.0.0.1", "::1"};
constexpr std::chrono::seconds kBetweenLooks{1};
// One client of a broker that is as a rule on this machine: nobody is to be spared, and somebody waits.
constexpr std::chrono::seconds kLongestWait{30};

}  // namespace

std::vector<transport::Address> way_to_broker(const lifecycle::Settings& settings) {
    const auto& hosts = settings.hosts;
    const auto is_listed = [&](std::string_view host) {
        return std::ranges::find(hosts, host) != hosts.end();
    };
    std::vector<transport::Address> way;
    way.reserve(kThisMachine.size() + hosts.size());
    for (const std::string_view here : kThisMachine) {
        way.push_back({std::string(here), settings.port, hosts, !is_listed(here)});
    }
    for (const auto& host : hosts) {
        if (std::ranges::find(kThisMachine, host) == std::end(kThisMachine))
            way.push_back({host, settings.port});
    }
    return way;
}

transport::Options home_connection(const lifecycle::Home& home, const lifecycle::ClientFiles& files) {
    transport::Options options;
    options.brokers = way_to_broker(lifecycle::load_settings(home));
    options.certificate = files.certificate;
    options.key = files.key;
    options.anchors = files.anchors;
    options.last_backoff = kLongestWait;
    return options;
}

transport::Options operator_connection(const lifecycle::Home& home, std::string_view host,
                                       std::string_view purpose) {
    auto options = home_connection(home, lifecycle::operator_files(home));
    if (!host.empty()) options.brokers = {{std::string(host), options.brokers.front().port}};
    options.client_id = fmt::format("operator~operator/{}-{:08x}", purpose, std::random_device{}());
    return options;
}

FollowSettings::FollowSettings(asio::io_context& context, lifecycle::Home home, transport::Client& client)
    : home_(std::move(home)), client_(client), timer_(context) {
    look_again();
}

void FollowSettings::look_again() {
    timer_.expires_after(kBetweenLooks);
    timer_.async_wait([this](const std::error_code& cancelled) {
        if (cancelled) return;
        try {
            client_.set_brokers(way_to_broker(lifecycle::load_settings(home_)));
        } catch (const Error&) {
            // Edited by hand, and not yet sound: the list that was good goes on.
        }
        look_again();
    });
}

}  // namespace countersign::cli
