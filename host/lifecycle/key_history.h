// Where a public key has been: one key is for one name in one role, and for nobody once it is revoked.
#pragma once

#include <string_view>

#include "host/pki/authority.h"
#include "host/registry/registry.h"

namespace countersign::lifecycle {

// The one place that decides whether a key from outside may have a certificate. Another certificate for the
// key it had before is fine. Throws Error{KeyUsed} when any certificate of the key was ever revoked, belongs
// or belonged to another name or role (the host's own identities are names, too), and when it is the key of a
// CA of `authority`.
void check_key_history(const registry::Registry& registry, const pki::Authority& authority,
                       const Fingerprint& key, std::string_view name, Role role);

}  // namespace countersign::lifecycle
