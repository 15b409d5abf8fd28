#include "host/lifecycle/compromise.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "host/base/error.h"
#include "host/base/files.h"
#include "host/base/tree.h"
#include "host/broker/config.h"
#include "host/broker/control.h"
#include "host/lifecycle/authority_store.h"
#include "host/lifecycle/host_identities.h"

namespace countersign::lifecycle {
namespace {

constexpr std::string_view kReason = "keyCompromise: the issuing key";

bool still_connects(const registry::Registry& registry, const std::string& name, Role role, Seconds now) {
    const auto certificates = registry.certificates_of(name);
    return std::any_of(certificates.begin(), certificates.end(), [&](const auto& row) {
        return row.role == role && may_connect(row.state) && row.not_after > now;
    });
}

bool was_enrolled(const registry::Registry& registry, const std::string& name) {
    const auto certificates = registry.certificates_of(name);
    return std::any_of(certificates.begin(), certificates.end(),
                       [](const auto& row) { return row.role == Role::birth; });
}

Way way_of(const registry::Registry& registry, const std::string& name, Seconds now) {
    if (still_connects(registry, name, Role::birth, now)) return Way::by_itself;
    return was_enrolled(registry, name) ? Way::by_cable : Way::by_issue;
}

// The host's own clients that cannot connect any more.
void renew_own_clients(OpenHome& home, const Secret& passphrase, std::vector<Fate>& fates) {
    IssuingAuthority authority(home.home(), passphrase, home.clock());
    for (const auto role : {Role::operator_, Role::responder}) {
        const auto files =
            role == Role::operator_ ? operator_files(home.home()) : responder_files(home.home());
        if (!std::filesystem::exists(files.key)) continue;
        if (still_connects(home.registry(), files.name, role, home.clock().now())) continue;
        renew_client(home, authority.issuer(), role);
        for (auto& fate : fates) {
            if (fate.name == files.name) fate.way = Way::renewed;
        }
    }
}

// The CA this is about: the present one, or the one that a call which was killed had begun with.
Fingerprint stolen_issuing(OpenHome& home) {
    const auto mark = home.home().compromise();
    if (!std::filesystem::exists(mark)) {
        const auto present = load_authority(home.home(), home.clock().now()).issuing().info.fingerprint;
        write_file(mark, present, kPublicFile);
    }
    Fingerprint stolen{};
    const auto bytes = read_file(mark);
    if (bytes.size() != stolen.size()) {
        throw Error(Code::AuthorityBroken, fmt::format("{} is damaged.", mark.string()));
    }
    std::copy(bytes.begin(), bytes.end(), stolen.begin());
    return stolen;
}

// What roll_issuing() answered to a call that was killed after it.
Rolled rolled_before(OpenHome& home, const pki::Authority& present) {
    const auto broker =
        pki::parse_certificate_pem(read_text(broker::Files(home.home().broker()).certificate));
    home.registry().confirm(broker.info.fingerprint);
    return {present.root().info, present.issuing().info, broker.info,
            broker::RunningBroker(home.home().broker()).reload(), true};
}

}  // namespace

Compromise replace_stolen_key(OpenHome& home, Seconds after, const pki::PrivateKey& root,
                              const Secret& passphrase) {
    auto& registry = home.registry();
    const Seconds now = home.clock().now();
    const auto stolen = stolen_issuing(home);
    Compromise result;
    std::map<std::string, Role> touched;
    auto transaction = registry.begin();
    for (const auto& certificate : registry.issued_by(stolen, after)) {
        if (certificate.role == Role::broker) continue;  // no client; it gets another one below
        if (registry.revoke_certificate(certificate.fingerprint, kReason)) ++result.condemned;
        touched.emplace(certificate.name, registry.find_device(certificate.name)->role);
    }
    transaction.commit();
    home.publish();

    for (const auto& [name, role] : touched) {
        if (still_connects(registry, name, role, now)) continue;
        result.fates.push_back({name, role, way_of(registry, name, now)});
    }
    registry.list({Role::device, {}, {}, ""}, [&](const registry::Summary& row) {
        const bool works = row.certificate && may_connect(row.certificate->state);
        result.untouched += works && !touched.contains(row.device.name) ? 1U : 0U;
    });
    const auto present = load_authority(home.home(), now);
    result.resumed = present.issuing().info.fingerprint != stolen;
    result.rolled =
        result.resumed ? rolled_before(home, present) : roll_issuing(home, root, passphrase, OldKey::stolen);
    renew_own_clients(home, passphrase, result.fates);
    remove_file(home.home().compromise());
    return result;
}

}  // namespace countersign::lifecycle
