#include "host/lifecycle/wanted.h"

#include <algorithm>

#include "host/base/error.h"
#include "host/base/files.h"

namespace countersign::lifecycle {
namespace {

// The certificate it was asked to replace is the one it still uses.
bool still_asked(const registry::Registry& registry, const registry::Report& report) {
    if (!report.renew) return false;
    const auto certificate = registry.find_certificate(*report.renew);
    return certificate && certificate->state == CertificateState::active;
}

std::optional<message::BrokerList> newer(const Wanted::Brokers& brokers, std::uint32_t known) {
    if (brokers.version <= known) return std::nullopt;
    message::BrokerList list{brokers.version, {}};
    // The first so many: a certificate may name more hosts than a device keeps.
    for (const auto& host : brokers.hosts) (void)list.brokers.add({host, brokers.port});
    return list;
}

}  // namespace

std::vector<std::uint8_t> WantedOfHome::anchor_set_after(std::uint32_t version) const {
    const auto file = home_.anchor_set(version + 1);
    if (!std::filesystem::exists(file)) return {};
    return read_file(file, message::kMaxMessage);
}

Wanted::Brokers WantedOfHome::brokers() const {
    return {settings_.brokers_version, settings_.port, settings_.hosts};
}

ComposedCommand compose_command(const registry::Registry& registry, const Wanted& wanted,
                                std::string_view name) {
    const auto report = registry.report_of(name);
    message::Command command;
    command.acknowledged = report.state;
    if (still_asked(registry, report)) command.renew = report.renew;
    const auto brokers = wanted.brokers();  // the list's texts live in it
    std::vector<std::uint8_t> anchors;
    if (report.state) {
        anchors = wanted.anchor_set_after(report.anchors_version);
        command.anchor_set = anchors;
        command.brokers = newer(brokers, report.brokers_version);
    }
    const bool wants_something = command.renew || command.brokers || !anchors.empty();
    std::vector<std::uint8_t> room(message::kMaxMessage);
    std::size_t size = message::encode(command, room);
    if (size == 0 && command.brokers) {  // one thing after the other: anchors first
        command.brokers.reset();
        size = message::encode(command, room);
    }
    if (size == 0) throw Error(Code::Internal, "A command does not fit into a message.");
    room.resize(size);
    return {std::move(room), wants_something};
}

}  // namespace countersign::lifecycle
