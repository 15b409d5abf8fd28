#include "host/lifecycle/host_identities.h"

#include <fmt/format.h>

#include "host/base/secret.h"
#include "host/lifecycle/access.h"
#include "host/lifecycle/broker_identity.h"
#include "host/lifecycle/issue.h"
#include "host/lifecycle/renewal.h"

namespace countersign::lifecycle {
namespace {

constexpr std::string_view kOperator = "operator";
constexpr std::string_view kResponder = "responder";
constexpr std::string_view kBroker = "broker";

// The newest certificate that may connect has come to two thirds of its life.
bool is_due(const OpenHome& home, const registry::Registry& registry, std::string_view name) {
    const auto certificates = registry.certificates_of(name);
    for (auto row = certificates.rbegin(); row != certificates.rend(); ++row) {
        if (may_connect(row->state)) {
            return renewal_due(name, row->issued_at, row->not_after) <= home.clock().now();
        }
    }
    return false;  // held or revoked: by hand, so by hand again
}

std::string renewed_line(std::string_view name, const pki::CertificateInfo& info) {
    return fmt::format("renewed the {}'s own certificate, valid to {}", name, format_date(info.not_after));
}

// Registered, written, and only then the earlier one is retired: killed anywhere, one of the two works.
void put_in_use(OpenHome& home, pki::Issuer& issuer, Role role, const pki::Certificate& made,
                const ClientFiles& files) {
    home.registry().add_certificate(as_row(made, role, issuer.authority()));
    home.publish();
    write_file(files.certificate, pki::to_pem(made), kPublicFile);
    home.registry().confirm(made.info.fingerprint);
    home.publish();
}

}  // namespace

ClientFiles operator_files(const Home& home) {
    return {home.operator_folder(), kOperator};
}

ClientFiles responder_files(const Home& home) {
    return {home.responder_folder(), kResponder};
}

bool ensure_responder(OpenHome& home, pki::Issuer& issuer) {
    const auto files = responder_files(home.home());
    if (std::filesystem::exists(files.certificate)) return false;
    make_folder(home.home().responder_folder(), kPrivateFolder);
    const auto& authority = issuer.authority();
    write_file(files.anchors, pki::to_pem(authority.root()) + pki::to_pem(authority.issuing()), kPublicFile);
    const auto key = pki::PrivateKey::generate(pki::KeyType::p256);
    write_file(files.key, key.to_pem().text(), kPrivateFile);
    const pki::Profile profile({Role::responder, std::chrono::days(home.settings().days)});
    const auto made = issuer.issue(profile, {std::string(kResponder), key.public_key(), {}});
    if (!home.registry().find_device(kResponder)) {
        home.registry().add_device({std::string(kResponder), Role::responder, {}, "", "", {}});
    }
    put_in_use(home, issuer, Role::responder, made, files);
    refresh_access_list(home);
    return true;
}

pki::CertificateInfo renew_client(OpenHome& home, pki::Issuer& issuer, Role role) {
    const auto files = role == Role::operator_ ? operator_files(home.home()) : responder_files(home.home());
    const pki::Profile profile({role, std::chrono::days(home.settings().days)});
    const auto key = pki::PrivateKey::from_pem(read_secret(files.key).text());
    const auto made = issuer.issue(profile, {files.name, key.public_key(), {}});
    put_in_use(home, issuer, role, made, files);
    return made.info;
}

std::vector<std::string> renew_host_identities(OpenHome& home, pki::Issuer& issuer) {
    std::vector<std::string> lines;
    const auto& registry = home.registry();
    if (is_due(home, registry, kBroker)) {
        const auto made = reissue_broker(home, issuer, hosts_of(home.settings()));
        home.publish();
        lines.push_back(renewed_line(kBroker, made.info));
    }
    if (is_due(home, registry, kOperator)) {
        lines.push_back(renewed_line(kOperator, renew_client(home, issuer, Role::operator_)));
    }
    if (is_due(home, registry, kResponder)) {
        lines.push_back(renewed_line(kResponder, renew_client(home, issuer, Role::responder)));
    }
    return lines;
}

}  // namespace countersign::lifecycle
