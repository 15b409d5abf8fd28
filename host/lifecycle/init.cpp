#include "host/lifecycle/init.h"

#include <fmt/format.h>

#include <array>

#include "host/base/error.h"
#include "host/base/files.h"
#include "host/broker/config.h"
#include "host/broker/ownership.h"
#include "host/lifecycle/access.h"
#include "host/lifecycle/host_identities.h"
#include "host/lifecycle/issue.h"
#include "host/lifecycle/open_home.h"
#include "host/pki/authority.h"
#include "host/pki/crl.h"
#include "host/pki/issuer.h"
#include "host/pki/pem.h"

namespace countersign::lifecycle {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kOperator = "operator";
constexpr std::string_view kBroker = "broker";
constexpr std::string_view kResponder = "responder";

// Everything init makes, settings.json last: it says that the rest is complete.
std::array<fs::path, 8> own_entries(const Home& home) {
    return {home.authority(), home.broker(),  home.operator_folder(), home.responder_folder(),
            home.devices(),   home.staging(), home.registry(),        home.root() / "registry.db-wal"};
}

// The authority while it is being made, both keys at hand.
struct NewAuthority {
    pki::NewCa root, issuing;
};

NewAuthority create_authority(const InitRequest& request, Seconds now, pki::Random& random) {
    const pki::CaConfig config{request.key, pki::kForever};
    auto root = pki::create_root(config, now, random);
    pki::KeySigner signer(pki::PrivateKey::from_der(root.key.to_der().bytes()));
    auto issuing = pki::create_issuing(config, root.certificate, signer, now, random);
    return {std::move(root), std::move(issuing)};
}

void save_ca(const pki::NewCa& ca, const fs::path& key_file, const fs::path& certificate_file,
             const Secret& passphrase) {
    if (passphrase.empty()) {
        write_file(key_file, ca.key.to_pem().text(), kPrivateFile);
    } else {
        write_file(key_file, ca.key.to_encrypted_pem(passphrase), kPrivateFile);
    }
    write_file(certificate_file, pki::to_pem(ca.certificate), kPublicFile);
}

struct Leaf {
    pki::PrivateKey key;
    pki::Certificate certificate;
};

Leaf make_leaf(pki::Issuer& issuer, Role role, std::string_view name, const InitRequest& request) {
    const pki::Profile profile({role, request.lifetime});
    auto key = pki::PrivateKey::generate(request.key);
    auto hosts = role == Role::broker ? request.hosts : std::vector<pki::HostName>{};
    auto certificate = issuer.issue(profile, {std::string(name), key.public_key(), std::move(hosts)});
    return {std::move(key), std::move(certificate)};
}

// The CA file and the lists that never run out, one for each CA: Mosquitto reloads its CA file on SIGHUP only
// when it has a CRL, and refuses a CA's clients until that CA's list is there.
void write_broker_files(const Home& home, const NewAuthority& ca, const pki::Authority& authority,
                        const Leaf& leaf, pki::Signer& issuing_signer, const InitRequest& request,
                        Seconds now) {
    const broker::Files files(home.broker());
    pki::KeySigner root_signer(pki::PrivateKey::from_der(ca.root.key.to_der().bytes()));
    const auto root_crl = pki::make_static_crl(authority.root(), root_signer, now);
    const auto issuing_crl = pki::make_static_crl(authority.issuing(), issuing_signer, now);
    write_file(files.ca, authority.ca_pem(), kPublicFile);
    write_file(files.crl, pki::crl_to_pem(root_crl) + pki::crl_to_pem(issuing_crl), kPublicFile);
    write_file(files.certificate, pki::to_pem(leaf.certificate) + pki::to_pem(authority.issuing()),
               kPublicFile);
    write_file(files.key, leaf.key.to_pem().text(), kPrivateFile);
    const broker::Settings settings{home.broker(), request.port, "", broker::broker_user(), false};
    write_file(files.config, broker::mosquitto_config(settings), kPublicFile);
}

void write_client_files(const ClientFiles& files, const pki::Authority& authority, const Leaf& leaf) {
    make_folder(files.key.parent_path(), kPrivateFolder);
    write_file(files.key, leaf.key.to_pem().text(), kPrivateFile);
    write_file(files.certificate, pki::to_pem(leaf.certificate), kPublicFile);
    write_file(files.anchors, pki::to_pem(authority.root()) + pki::to_pem(authority.issuing()), kPublicFile);
}

void add_to_registry(registry::Registry& registry, const pki::Authority& authority, const Leaf& leaf,
                     Role role) {
    auto row = as_row(leaf.certificate, role, authority);
    row.state = CertificateState::active;  // it is in place the moment it is made
    registry.enrol({row.name, role, {}, "", ""}, row);
}

}  // namespace

void prepare_init(const Home& home) {
    if (fs::exists(home.settings())) {
        throw Error(Code::HomeExists, fmt::format("{} already holds an authority.", home.root().string()));
    }
    const bool unfinished = fs::exists(home.unfinished_init());
    for (const auto& entry : own_entries(home)) {
        if (!fs::exists(entry)) continue;
        if (!unfinished) {
            throw Error(Code::FileExists,
                        fmt::format("{} is there, and not from countersign init.", entry.string()),
                        "countersign --home DIR init HOST, with an empty DIR");
        }
        fs::remove_all(entry);
    }
}

InitResult init(const Home& home, const InitRequest& request, const Secret& passphrase, const Clock& clock) {
    write_file(home.unfinished_init(), "", kPrivateFile);
    const auto now = clock.now();
    pki::SystemRandom random;
    const auto ca = create_authority(request, now, random);
    const pki::Authority authority(ca.root.certificate, ca.issuing.certificate, now);
    pki::KeySigner signer(pki::PrivateKey::from_der(ca.issuing.key.to_der().bytes()));
    pki::Issuer issuer(authority, signer, clock, random);
    const auto broker_leaf = make_leaf(issuer, Role::broker, kBroker, request);
    const auto operator_leaf = make_leaf(issuer, Role::operator_, kOperator, request);
    const auto responder_leaf = make_leaf(issuer, Role::responder, kResponder, request);

    make_folder(home.authority(), kPrivateFolder);
    save_ca(ca.root, home.root_key(), home.root_certificate(), passphrase);
    save_ca(ca.issuing, home.issuing_key(), home.issuing_certificate(), passphrase);
    broker::make_broker_folder(home.broker());
    write_broker_files(home, ca, authority, broker_leaf, signer, request, now);
    write_client_files(operator_files(home), authority, operator_leaf);
    write_client_files(responder_files(home), authority, responder_leaf);

    auto registry = registry::Registry::create(home.registry(), clock);
    auto transaction = registry.begin();
    add_to_registry(registry, authority, broker_leaf, Role::broker);
    add_to_registry(registry, authority, operator_leaf, Role::operator_);
    add_to_registry(registry, authority, responder_leaf, Role::responder);
    transaction.commit();
    write_access_list(home, registry);
    publish_admission(home, registry);
    broker::hand_over(home.broker());

    Settings settings{{},
                      request.port,
                      std::string(pki::to_string(request.key)),
                      request.lifetime.count(),
                      !passphrase.empty(),
                      1};
    for (const auto& host : request.hosts) settings.hosts.push_back(host.text());
    save_settings(home, settings);
    fs::remove(home.unfinished_init());
    return {authority.root().info, authority.issuing().info, broker_leaf.certificate.info,
            operator_leaf.certificate.info};
}

}  // namespace countersign::lifecycle
