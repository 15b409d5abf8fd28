// Out, now: every certificate of a name ends, is held for a while, or comes back.
//
// The registry first, then the admission file; a kill between the two is made good by whoever opens the home
// next (OpenHome), `countersign broker` included. Repeating an act changes nothing and is no error.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/lifecycle/open_home.h"
#include "host/pki/crl.h"

namespace countersign::lifecycle {

struct Verdict {
    std::string name;         // in its own spelling
    std::size_t changed = 0;  // certificates; 0 when it had been so before
    // Of the name and out after the act (revoked or held), broker certificates excluded.
    std::vector<registry::Certificate> out;
};

// Why RFC 5280 5.3.1 lets a certificate be revoked, in its words: "keyCompromise". Any case is read. nullopt
// for a word that is none, and for those that no device's certificate can have (a CA's, a hold's).
[[nodiscard]] std::string_view to_string(pki::RevocationReason reason) noexcept;
[[nodiscard]] std::optional<pki::RevocationReason> parse_reason(std::string_view word) noexcept;

// All three throw Error{NameUnknown}, and Error{NameReserved} for Countersign's own identities: revoking
// those would lock the host out and no thief.
[[nodiscard]] Verdict revoke(OpenHome& home, std::string_view name, pki::RevocationReason reason);
// `note`: for people, kept in the event. Throws Error{CertState} when nothing is left to hold.
[[nodiscard]] Verdict hold(OpenHome& home, std::string_view name, std::string_view note);
// Throws Error{CertState} when it is not held.
[[nodiscard]] Verdict reinstate(OpenHome& home, std::string_view name);

}  // namespace countersign::lifecycle
