// The broker's own certificate, issued anew: for other addresses, a new issuing CA, or because it runs out.
//
// The key stays. So key and certificate on disk belong together at every moment, whenever a command is
// killed and whenever Mosquitto reads them; only the certificate file is replaced, as a whole.
#pragma once

#include <vector>

#include "host/lifecycle/open_home.h"
#include "host/pki/host_name.h"
#include "host/pki/issuer.h"

namespace countersign::lifecycle {

struct BrokerCertificate {
    pki::CertificateInfo info;
    bool told = false;  // a broker of this home runs and serves it from now on; its sessions stay
};

// Registered, written, served, and only then the earlier ones are retired. Throws what the issuer throws, and
// Error{AuthorityBroken, FileRead} when the broker's key cannot be read.
BrokerCertificate reissue_broker(OpenHome& home, pki::Issuer& issuer,
                                 const std::vector<pki::HostName>& hosts);

// Only the certificate, for this key or the one the broker has: nothing is registered or written.
[[nodiscard]] pki::Certificate make_broker_certificate(OpenHome& home, pki::Issuer& issuer,
                                                       const pki::PrivateKey& key,
                                                       const std::vector<pki::HostName>& hosts);
[[nodiscard]] pki::Certificate make_broker_certificate(OpenHome& home, pki::Issuer& issuer,
                                                       const std::vector<pki::HostName>& hosts);

// What the broker sends: its certificate, the issuing CA's, and the bridge, if there is one.
[[nodiscard]] std::string broker_chain_pem(const Home& home, const pki::Certificate& certificate,
                                           const pki::Authority& authority);

// The end of the broker's chain while a new root is on its way; else empty.
[[nodiscard]] std::string bridge_pem(const Home& home);

// The hosts of settings.json, parsed.
[[nodiscard]] std::vector<pki::HostName> hosts_of(const Settings& settings);

}  // namespace countersign::lifecycle
