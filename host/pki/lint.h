// The last look at a certificate before a CA's key touches it: every rule, with its source, checked on what
// OpenSSL reads back from the bytes, not on what the code that wrote them meant.
#pragma once

#include "host/base/clock.h"
#include "host/pki/certificate.h"
#include "host/pki/profile.h"

namespace countersign::pki {

// What a TBSCertificate says of itself; `fingerprint` has no meaning yet. Throws Error{CertInvalid} when it
// is none.
[[nodiscard]] CertificateInfo read_tbs(ByteView tbs);

// `tbs` is a DER TBSCertificate about to be signed by `issuing` at `now`. Throws Error{CertInvalid} naming
// the first rule that is broken.
void lint_leaf(ByteView tbs, const Profile& profile, const Certificate& issuing, Seconds now);

}  // namespace countersign::pki
