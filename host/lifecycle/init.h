// From an empty folder to an authority, a broker identity, an operator and a registry.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/base/secret.h"
#include "host/lifecycle/home.h"
#include "host/pki/certificate.h"
#include "host/pki/host_name.h"
#include "host/pki/profile.h"

namespace countersign::lifecycle {

struct InitRequest {
    std::vector<pki::HostName> hosts;  // at least one; the first is what devices dial
    std::uint16_t port = 8883;
    pki::KeyType key =
        pki::KeyType::p256;  // of the authority, the broker, and new identities unless told otherwise
    std::chrono::days lifetime = pki::kDefaultLifetime;  // of working certificates, the broker's included
    pki::OldBoards old_boards = pki::OldBoards::not_served;
};

struct InitResult {
    pki::CertificateInfo root, issuing, broker, operator_;
};

// Throws Error{HomeExists} when an authority is there, Error{FileExists} when other files of ours' names are.
// What a killed init left behind is begun anew; nothing of it was ever in use.
void prepare_init(const Home& home);

// After prepare_init, under the home's lock. An empty passphrase leaves the authority's keys unencrypted.
[[nodiscard]] InitResult init(const Home& home, const InitRequest& request, const Secret& passphrase,
                              const Clock& clock);

}  // namespace countersign::lifecycle
