// The broker's access list: the one file of the broker's that changes when an operator or responder does.
#pragma once

#include "host/lifecycle/open_home.h"

namespace countersign::lifecycle {

// Writes broker/acl from the registry's operators and responders.
void write_access_list(const Home& home, const registry::Registry& registry);

// The same, and a broker that runs reads it at once.
void refresh_access_list(OpenHome& home);

}  // namespace countersign::lifecycle
