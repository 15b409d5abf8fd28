#include "host/lifecycle/init.h"

#include <fmt/format.h>

#include <array>

#include "host/base/error.h"
#include "host/base/files.h"
#include "host/base/tree.h"
#include "host/broker/ca_folder.h"
#include "host/broker/config.h"
#include "host/broker/own_lines.h"
#include "host/broker/ownership.h"
#include "host/lifecycle/access.h"
#include "host/lifecycle/host_identities.h"
#include "host/lifecycle/issue.h"
#include "host/lifecycle/open_home.h"
#include "host/lifecycle/root_list.h"
#include "host/pki/authority.h"
#include "host/pki/issuer.h"
#include "host/pki/pem.h"

namespace countersign::lifecycle {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kOperator = "operator";
constexpr std::string_view kBroker = "broker";
constexpr std::string_view kResponder = "responder";

// Everything init makes, settings.json last: it says that the rest is complete.
std::array<fs::path, 9> own_entries(const Home& home) {
    return {home.authority(),   home.broker(),  home.operator_folder(), home.responder_folder(),
            home.devices(),     home.staging(), home.registry(),        home.root() / "registry.db-wal",
            home.root() / "crl"};
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
    auto certificate =
        issuer.issue(profile, {std::string(name), key.public_key(), std::move(hosts), request.old_boards});
    return {std::move(key), std::move(certificate)};
}

void write_broker_files(const Home& home, const pki::Authority& authority, const Leaf& leaf,
                        const InitRequest& request) {
    const broker::Files files(home.broker());
    write_file(files.ca, authority.ca_pem(), kPublicFile);
    broker::place_cas(home.broker());
    write_file(files.certificate, pki::to_pem(leaf.certificate) + pki::to_pem(authority.issuing()),
               kPublicFile);
    write_file(files.key, leaf.key.to_pem().text(), kPrivateFile);
    const broker::Settings settings{home.broker(), request.port, "", broker::broker_user(), false};
    broker::write_generated(files.config, broker::mosquitto_config(settings), kPublicFile);
}

// For other software; the root's key is at hand now and hardly ever again.
void write_root_list(const Home& home, const NewAuthority& ca, Seconds now) {
    pki::KeySigner signer(pki::PrivateKey::from_der(ca.root.key.to_der().bytes()));
    publish_root_list(home, ca.root.certificate, signer, now);
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
        remove_tree(entry);
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
    write_broker_files(home, authority, broker_leaf, request);
    write_root_list(home, ca, now);
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
    settings.old_boards = request.old_boards == pki::OldBoards::served;
    for (const auto& host : request.hosts) settings.hosts.push_back(host.text());
    save_settings(home, settings);
    remove_file(home.unfinished_init());
    return {authority.root().info, authority.issuing().info, broker_leaf.certificate.info,
            operator_leaf.certificate.info};
}

}  // namespace countersign::lifecycle
