#include "host/lifecycle/wanted.h"

#include <algorithm>

#include "host/base/error.h"
#include "host/base/files.h"
#include "host/lifecycle/broker_list.h"

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
    return as_list(brokers);
}

// What follows from a list that is not the one of today is a matter of the next Command.
std::vector<std::uint8_t> signed_list(const Wanted& wanted, std::uint32_t version) {
    auto bytes = wanted.signed_brokers();
    const auto list = message::decode_signed_brokers(bytes);
    if (!list || list->list.version != version) bytes.clear();
    return bytes;
}

}  // namespace

std::vector<std::uint8_t> WantedOfHome::anchor_set_after(std::uint32_t version) const {
    const auto file = home_.anchor_set(version + 1);
    if (!std::filesystem::exists(file)) return {};
    return read_file(file, message::kMaxMessage);
}

std::vector<std::uint8_t> WantedOfHome::signed_brokers() const {
    return read_broker_list(home_);
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
    std::vector<std::uint8_t> signed_brokers;
    if (report.state) {
        anchors = wanted.anchor_set_after(report.anchors_version);
        command.anchor_set = anchors;
        command.brokers = newer(brokers, report.brokers_version);
        if (command.brokers) signed_brokers = signed_list(wanted, brokers.version);
        command.signed_brokers = signed_brokers;
    }
    const bool wants_something = command.renew || command.brokers || !anchors.empty();
    std::vector<std::uint8_t> room(message::kMaxMessage);
    std::size_t size = message::encode(command, room);
    if (size == 0 && !anchors.empty()) {  // one thing after the other: anchors first
        command.brokers.reset();
        command.signed_brokers = {};
        size = message::encode(command, room);
    }
    if (size == 0) {  // eight very long names: for boards that read what is signed
        command.brokers.reset();
        size = message::encode(command, room);
    }
    if (size == 0) throw Error(Code::Internal, "A command does not fit into a message.");
    room.resize(size);
    return {std::move(room), wants_something};
}

}  // namespace countersign::lifecycle
