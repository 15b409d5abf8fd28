#include "host/lifecycle/first_use.h"

#include "host/base/error.h"

namespace countersign::lifecycle {
namespace {

// "operator~anna" -> "anna"
std::string_view name_of(std::string_view username) {
    return username.substr(username.find('~') == std::string_view::npos ? 0 : username.find('~') + 1);
}

}  // namespace

FirstUse::FirstUse(Home home, const Clock& clock)
    : home_(std::move(home)), clock_(clock), reading_(registry::Registry::open(home_.registry(), clock)) {}

void FirstUse::admitted(std::string_view username, std::string_view serial) {
    for (const auto& certificate : reading_.certificates_of(name_of(username))) {
        // A device connects with a renewed certificate to try it: it is not in use before the device says so
        // in a signed State. Retiring the old one here would strand a device whose power is cut in between.
        if (certificate.origin == registry::Origin::renewal) continue;
        if (certificate.serial == serial && certificate.state == CertificateState::pending) {
            used_.emplace(certificate.name, certificate.fingerprint);
        }
    }
}

std::set<std::string> FirstUse::settle() {
    std::set<std::string> confirmed;
    if (used_.empty()) return confirmed;
    try {
        OpenHome open(home_, clock_, std::chrono::milliseconds(0));
        for (const auto& [name, fingerprint] : used_) {
            // It may have been revoked since it came in.
            const auto now = open.registry().find_certificate(fingerprint);
            if (!now || now->state != CertificateState::pending) continue;
            open.registry().confirm(fingerprint);
            confirmed.insert(name);
        }
        open.publish();
        used_.clear();
    } catch (const Error& error) {
        if (error.id() != Code::HomeBusy && error.id() != Code::RegistryBusy) throw;
    }
    return confirmed;
}

}  // namespace countersign::lifecycle
