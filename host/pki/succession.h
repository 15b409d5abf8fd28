// A root's successor (after RFC 4210 4.4, "Root CA Key Update"): a new key, and a bridge from the old key to
// the new one. It has a name of its own: wolfSSL 5.5 and OpenSSL's folder of CAs take the first root of a
// name for the only one.
//
// What trusts the old root accepts leaf, issuing CA, bridge; what has the new root ends its path there and
// never looks at the bridge. The bridge and the issuing CA below it count against the old root's
// pathLenConstraint: roots say pathlen:2.
#pragma once

#include "host/pki/authority.h"

namespace countersign::pki {

// Of the same kind of key, with the dates of `old_root`: no device's old clock finds it in the
// future. Throws Error{CertNotYet} when this computer's clock does.
[[nodiscard]] NewCa create_successor(const Certificate& old_root, Seconds now, Random& random);

// The new root's key under the old root's signature. Throws Error{AuthorityBroken} when `old_signer` does not
// hold the old root's key or the two are no root and its successor, Error{CertInvalid} when the old root
// allows no bridge (pathlen:1).
[[nodiscard]] Certificate make_bridge(const Certificate& new_root, const Certificate& old_root,
                                      Signer& old_signer, Seconds now, Random& random);

}  // namespace countersign::pki
