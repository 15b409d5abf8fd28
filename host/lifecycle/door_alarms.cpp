#include "host/lifecycle/door_alarms.h"

#include "host/base/error.h"

namespace countersign::lifecycle {
namespace {

// What waits for a home that is held for long; a name has one of a kind.
constexpr std::size_t kMostWaiting = 10'000;

}  // namespace

DoorAlarms::DoorAlarms(Home home, const Clock& clock)
    : home_(std::move(home)), clock_(clock), reading_(registry::Registry::open(home_.registry(), clock)) {}

void DoorAlarms::retired_came(std::string_view name, std::string_view serial) {
    raise(registry::kRetiredCame, name, serial);
}

void DoorAlarms::taken_over(std::string_view name, std::string_view serial) {
    raise(registry::kTakenOver, name, serial);
}

void DoorAlarms::raise(std::string_view kind, std::string_view name, std::string_view serial) {
    if (raised_.size() >= kMostWaiting) return;
    for (const auto& certificate : reading_.certificates_of(name)) {
        if (certificate.serial != serial) continue;
        const bool retired = certificate.state == CertificateState::retired;
        if (kind == registry::kRetiredCame && !retired) continue;
        raised_.insert_or_assign({std::string(kind), certificate.name}, certificate.fingerprint);
    }
}

void DoorAlarms::over_limit(std::string_view name) {
    if (raised_.size() >= kMostWaiting) return;
    const auto device = reading_.find_device(name);
    if (device) raised_.emplace(std::pair(std::string(registry::kOverLimit), device->name), std::nullopt);
}

std::set<std::pair<std::string, std::string>> DoorAlarms::settle() {
    std::set<std::pair<std::string, std::string>> told;
    if (raised_.empty()) return told;
    try {
        OpenHome open(home_, clock_, std::chrono::milliseconds(0));
        for (const auto& [what, certificate] : raised_) {
            if (open.registry().raise_alarm(what.first, what.second, certificate)) told.insert(what);
        }
        raised_.clear();
    } catch (const Error& error) {
        if (error.id() != Code::HomeBusy && error.id() != Code::RegistryBusy) throw;
    }
    return told;
}

}  // namespace countersign::lifecycle
