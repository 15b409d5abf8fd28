#include "host/lifecycle/signing_desk.h"

#include <fmt/format.h>

#include <algorithm>

#include "host/base/error.h"
#include "host/lifecycle/key_history.h"
#include "host/pki/lint.h"

namespace countersign::lifecycle {
namespace {

constexpr std::chrono::seconds kDay = std::chrono::days(1);

void rule(bool kept, std::string_view otherwise) {
    if (!kept) throw Error(Code::SignerRefused, fmt::format("Not signed: {}.", otherwise));
}

// What OpenSSL or the linter say against it is a refusal like any other.
template <class Body>
auto refusing(Body body) {
    try {
        return body();
    } catch (const Error& error) {
        if (error.id() == Code::SignerRefused || error.id() == Code::RegistryBusy) throw;
        throw Error(Code::SignerRefused, error.detail());
    }
}

}  // namespace

SigningDesk::SigningDesk(const registry::Registry& registry, const pki::Authority& authority,
                         pki::Signer& key, const Clock& clock, std::function<Settings()> settings)
    : registry_(registry), authority_(authority), key_(key), clock_(clock), settings_(std::move(settings)) {}

pki::Bytes SigningDesk::sign(pki::ByteView tbs) {
    return refusing([&] {
        const auto info = pki::read_tbs(tbs);
        rule(info.role.has_value(), "it names no role");
        const auto settings = settings_();
        if (*info.role == Role::device) {
            check_device(info, renewal_policy(settings));
        } else {
            check_own(info, settings);
        }
        const auto lifetime =
            *info.role == Role::device ? renewal_policy(settings).lifetime : std::chrono::days(settings.days);
        pki::lint_leaf(tbs, pki::Profile({*info.role, lifetime}), authority_.issuing(), clock_.now());
        if (*info.role == Role::device) signed_[info.name].push_back(clock_.now());
        return key_.sign(tbs);
    });
}

void SigningDesk::check_device(const pki::CertificateInfo& info, const RenewalPolicy& policy) {
    const auto device = registry_.find_device(info.name);
    rule(device && device->name == info.name && device->role == Role::device, "no device of this name");
    const auto certificates = registry_.certificates_of(info.name);
    rule(std::any_of(certificates.begin(), certificates.end(),
                     [](const auto& one) { return may_connect(one.state); }),
         fmt::format("{} is not let in", info.name));
    rule(std::none_of(certificates.begin(), certificates.end(),
                      [](const auto& one) { return one.state == CertificateState::held; }),
         fmt::format("{} is held", info.name));
    check_key_history(registry_, authority_, info.spki_sha256, info.name, Role::device);
    if (const auto known = registry_.find_by_key(info.spki_sha256))
        rule(may_connect(known->state), "its key has been condemned");
    rule(info.key_type == pki::KeyType::p256, "its key is not P-256");
    const auto so_far =
        std::max(count_signed(info.name), registry_.renewed_since(info.name, clock_.now() - kDay));
    rule(so_far < policy.per_day, fmt::format("{} had {} certificates within a day", info.name, so_far));
}

void SigningDesk::check_own(const pki::CertificateInfo& info, const Settings& settings) const {
    rule(*info.role != Role::birth, "birth certificates are made by hand");
    const auto known = registry_.find_by_key(info.spki_sha256);
    rule(known && known->name == info.name && known->role == *info.role,
         fmt::format("{} has another key", info.name));
    rule(may_connect(known->state), fmt::format("{} is {}", info.name, to_string(known->state)));
    rule(std::all_of(info.hosts.begin(), info.hosts.end(),
                     [&](const auto& host) {
                         return std::find(settings.hosts.begin(), settings.hosts.end(), host) !=
                                settings.hosts.end();
                     }),
         "it names a host the broker does not have");
}

std::size_t SigningDesk::count_signed(const std::string& name) {
    const auto found = signed_.find(name);
    if (found == signed_.end()) return 0;
    std::erase_if(found->second, [&](Seconds time) { return time <= clock_.now() - kDay; });
    return found->second.size();
}

}  // namespace countersign::lifecycle
