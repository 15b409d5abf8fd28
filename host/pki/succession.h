// A root's successor (RFC 4210 4.4, "Root CA Key Update"): the same name, a new key, and a bridge from the
// old key to the new one.
//
// Root and bridge carry one name, so the bridge is self-issued: RFC 5280 6.1.4 does not count it against the
// old root's pathLenConstraint, and what trusts the old root accepts leaf, issuing CA, bridge. Devices that
// have the new root end their path there and never look at the bridge. OpenSSL and mbedTLS agree; GnuTLS 3.7
// counts self-issued certificates all the same, so a client built on it must be given the new root.
#pragma once

#include "host/pki/authority.h"

namespace countersign::pki {

// Of the same kind of key, with the name and the dates of `old_root`: no device's old clock finds it in the
// future. Throws Error{CertNotYet} when this computer's clock does.
[[nodiscard]] NewCa create_successor(const Certificate& old_root, Seconds now, Random& random);

// The new root's key under the old root's signature. Throws Error{AuthorityBroken} when `old_signer` does not
// hold the old root's key or the two are no root and its successor.
[[nodiscard]] Certificate make_bridge(const Certificate& new_root, const Certificate& old_root,
                                      Signer& old_signer, Seconds now, Random& random);

}  // namespace countersign::pki
