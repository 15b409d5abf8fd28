// What `revoke`, `hold` and `reinstate` share: the act, the proof that the broker has acted upon it, and how
// both are told.
#pragma once

#include <functional>
#include <string>

#include "host/cli/context.h"
#include "host/lifecycle/revocation.h"

namespace countersign::cli {

struct Act {
    std::string name;
    std::string host;      // the only address of the broker to dial, when not empty
    std::string done;      // "Revoked", "Held", "Reinstated"
    std::string was_done;  // "was revoked before": when nothing changed
    std::function<lifecycle::Verdict(lifecycle::OpenHome&)> carry_out;
    bool for_good = false;  // what it has left in the broker is cleared
};

// Throws what the act throws, and Error{RevocationUnproven} when a running broker still has a session of a
// certificate that is out, or lets one in.
void condemn(const Context& context, const Act& act);

}  // namespace countersign::cli
