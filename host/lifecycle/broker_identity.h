// The broker's own certificate, issued anew: for other addresses, a new issuing CA, or because it runs out.
//
// The key stays. So key and certificate on disk belong together at every moment, whenever a command is
// killed and whenever Mosquitto reads them; only the certificate file is replaced, as a whole.
#pragma once

#include <vector>

#include "host/lifecycle/authority_store.h"
#include "host/lifecycle/open_home.h"
#include "host/pki/host_name.h"

namespace countersign::lifecycle {

struct BrokerCertificate {
    pki::CertificateInfo info;
    bool told = false;  // a broker of this home runs and serves it from now on; its sessions stay
};

// Registered, written, served, and only then the earlier ones are retired. Throws what the issuer throws, and
// Error{AuthorityBroken, FileRead} when the broker's key cannot be read.
BrokerCertificate reissue_broker(OpenHome& home, IssuingAuthority& authority,
                                 const std::vector<pki::HostName>& hosts);

// The hosts of settings.json, parsed.
[[nodiscard]] std::vector<pki::HostName> hosts_of(const Settings& settings);

}  // namespace countersign::lifecycle
