#include "host/lifecycle/new_keys.h"

#include "host/base/files.h"
#include "host/broker/config.h"
#include "host/broker/control.h"
#include "host/lifecycle/change_set.h"
#include "host/lifecycle/issue.h"

namespace countersign::lifecycle {
namespace {

constexpr std::string_view kReason = "superseded";

void revoke_earlier(OpenHome& home, const pki::Certificate& made) {
    auto& registry = home.registry();
    auto transaction = registry.begin();
    registry.confirm(made.info.fingerprint);
    for (const auto& row : registry.certificates_of(made.info.name)) {
        if (row.fingerprint != made.info.fingerprint) registry.revoke_certificate(row.fingerprint, kReason);
    }
    transaction.commit();
    home.publish();
}

}  // namespace

pki::CertificateInfo replace_client_key(OpenHome& home, pki::Issuer& issuer, Role role) {
    const auto files = role == Role::operator_ ? operator_files(home.home()) : responder_files(home.home());
    const pki::Profile profile({role, std::chrono::days(home.settings().days)});
    const auto key = pki::PrivateKey::generate(pki::KeyType::p256);
    const auto made = issuer.issue(profile, {files.name, key.public_key(), {}});
    home.registry().add_certificate(as_row(made, role, issuer.authority()));
    home.publish();
    ChangeSet change(home.home());
    change.put(files.key, key.to_pem().text(), kPrivateFile);
    change.put(files.certificate, pki::to_pem(made), kPublicFile);
    change.commit();
    revoke_earlier(home, made);
    return made.info;
}

BrokerCertificate replace_broker_key(OpenHome& home, pki::Issuer& issuer) {
    const broker::Files files(home.home().broker());
    const auto key =
        pki::PrivateKey::generate(pki::parse_key_type(home.settings().key_type).value_or(pki::KeyType::p256));
    const auto made = make_broker_certificate(home, issuer, key, hosts_of(home.settings()));
    home.registry().add_certificate(as_row(made, Role::broker, issuer.authority()));
    ChangeSet change(home.home());
    change.put(files.key, key.to_pem().text(), kPrivateFile);
    change.put(files.certificate, broker_chain_pem(home.home(), made, issuer.authority()), kPublicFile);
    change.commit();
    const bool told = broker::RunningBroker(home.home().broker()).reload();
    revoke_earlier(home, made);
    return {made.info, told};
}

}  // namespace countersign::lifecycle
