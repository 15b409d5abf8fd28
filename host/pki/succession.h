// A root's successor (RFC 4210 4.4, "Root CA Key Update"): the same name, a new key, and a bridge from the
// old key to the new one.
//
// What trusts the old root accepts leaf, issuing CA, bridge; what has the new root ends its path there and
// never looks at the bridge. The bridge is self-issued, which RFC 5280 6.1.4 does not count against the old
// root's pathLenConstraint; but mbedTLS 3.6 and GnuTLS 3.7 do count it, so roots say pathlen:2.
#pragma once

#include "host/pki/authority.h"

namespace countersign::pki {

// Of the same kind of key, with the name and the dates of `old_root`: no device's old clock finds it in the
// future. Throws Error{CertNotYet} when this computer's clock does.
[[nodiscard]] NewCa create_successor(const Certificate& old_root, Seconds now, Random& random);

// The new root's key under the old root's signature. Throws Error{AuthorityBroken} when `old_signer` does not
// hold the old root's key or the two are no root and its successor, Error{CertInvalid} when the old root
// allows no bridge (pathlen:1).
[[nodiscard]] Certificate make_bridge(const Certificate& new_root, const Certificate& old_root,
                                      Signer& old_signer, Seconds now, Random& random);

}  // namespace countersign::pki
