#include "host/lifecycle/broker_identity.h"

#include "host/base/files.h"
#include "host/broker/config.h"
#include "host/broker/control.h"
#include "host/lifecycle/issue.h"

namespace countersign::lifecycle {
namespace {

constexpr std::string_view kBroker = "broker";

}  // namespace

pki::Certificate make_broker_certificate(OpenHome& home, pki::Issuer& issuer, const pki::PrivateKey& key,
                                         const std::vector<pki::HostName>& hosts) {
    const pki::Profile profile({Role::broker, std::chrono::days(home.settings().days)});
    const auto old_boards = home.settings().old_boards ? pki::OldBoards::served : pki::OldBoards::not_served;
    return issuer.issue(profile, {std::string(kBroker), key.public_key(), hosts, old_boards});
}

pki::Certificate make_broker_certificate(OpenHome& home, pki::Issuer& issuer,
                                         const std::vector<pki::HostName>& hosts) {
    const broker::Files files(home.home().broker());
    return make_broker_certificate(home, issuer, pki::PrivateKey::from_pem(read_secret(files.key).text()),
                                   hosts);
}

std::string broker_chain_pem(const Home& home, const pki::Certificate& certificate,
                             const pki::Authority& authority) {
    return pki::to_pem(certificate) + pki::to_pem(authority.issuing()) + bridge_pem(home);
}

std::string bridge_pem(const Home& home) {
    return std::filesystem::exists(home.bridge()) ? read_text(home.bridge()) : std::string();
}

BrokerCertificate reissue_broker(OpenHome& home, pki::Issuer& issuer,
                                 const std::vector<pki::HostName>& hosts) {
    const broker::Files files(home.home().broker());
    const auto certificate = make_broker_certificate(home, issuer, hosts);
    home.registry().add_certificate(as_row(certificate, Role::broker, issuer.authority()));
    write_file(files.certificate, broker_chain_pem(home.home(), certificate, issuer.authority()),
               kPublicFile);
    const bool told = broker::RunningBroker(home.home().broker()).reload();
    home.registry().confirm(certificate.info.fingerprint);
    return {certificate.info, told};
}

std::vector<pki::HostName> hosts_of(const Settings& settings) {
    std::vector<pki::HostName> hosts;
    hosts.reserve(settings.hosts.size());
    for (const auto& host : settings.hosts) hosts.push_back(pki::HostName::parse(host));
    return hosts;
}

}  // namespace countersign::lifecycle
