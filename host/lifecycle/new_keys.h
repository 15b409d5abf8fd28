// New keys for the host's own identities, for when somebody else may have read the old ones.
#pragma once

#include "host/lifecycle/broker_identity.h"
#include "host/lifecycle/host_identities.h"

namespace countersign::lifecycle {

// Key and certificate take their places as one; then every earlier certificate is revoked and its sessions
// end. Killed before, the old ones work; the same call finishes by making another key. Needs the issuing key
// itself: the signer signs for no key it does not know. Both throw what the issuer throws.
pki::CertificateInfo replace_client_key(OpenHome& home, pki::Issuer& issuer, Role role);

// Devices need nothing: they know the broker by its name and its authority. For the same reason the old
// certificate is believed until it ends, by whoever can be led to another broker: only a new root ends that.
BrokerCertificate replace_broker_key(OpenHome& home, pki::Issuer& issuer);

}  // namespace countersign::lifecycle
