#include "host/lifecycle/broker_identity.h"

#include "host/base/files.h"
#include "host/broker/config.h"
#include "host/broker/control.h"
#include "host/lifecycle/issue.h"

namespace countersign::lifecycle {
namespace {

constexpr std::string_view kBroker = "broker";

pki::PublicKey broker_key(const std::filesystem::path& file) {
    auto content = read_file(file);
    const Secret pem{std::span<const std::uint8_t>(content)};
    explicit_bzero(content.data(), content.size());
    return pki::PrivateKey::from_pem(pem.text()).public_key();
}

}  // namespace

BrokerCertificate reissue_broker(OpenHome& home, IssuingAuthority& authority,
                                 const std::vector<pki::HostName>& hosts) {
    const broker::Files files(home.home().broker());
    const pki::Profile profile({Role::broker, std::chrono::days(home.settings().days)});
    const auto certificate =
        authority.issuer().issue(profile, {std::string(kBroker), broker_key(files.key), hosts});
    home.registry().add_certificate(as_row(certificate, Role::broker, authority.authority()));
    write_file(files.certificate, pki::to_pem(certificate) + pki::to_pem(authority.authority().issuing()),
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
