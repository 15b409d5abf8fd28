// An identity that `issue` left in the home folder, ready to be put on a board.
#pragma once

#include <string_view>

#include "host/base/secret.h"
#include "host/lifecycle/home.h"
#include "host/pki/certificate.h"
#include "host/registry/registry.h"

namespace countersign::lifecycle {

struct StoredIdentity {
    pki::Certificate certificate;
    Secret key_der;  // PKCS#8
};

// Throws Error{KeyElsewhere} when the key is not in devices/<name>/, Error{CertExpired}, and Error{CertState}
// when the certificate there may not connect.
[[nodiscard]] StoredIdentity load_identity(const Home& home, const registry::Registry& registry,
                                           std::string_view name, Seconds now);

}  // namespace countersign::lifecycle
