// What keeps a fleet alive: does it run, and does the broker see it? Asked of locks and of the broker itself.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "host/cli/broker_proof.h"
#include "host/lifecycle/doctor.h"
#include "host/lifecycle/home.h"

namespace countersign::cli {

// Who of this name is connected now, as the running broker says: within five seconds. Throws what a
// connection throws.
[[nodiscard]] BrokerAnswer sessions_of(const lifecycle::Home& home, const std::string& name);

// Broker, signer and responder, as far as they can be seen from here.
[[nodiscard]] lifecycle::Examination examine_services(const lifecycle::Home& home);

}  // namespace countersign::cli
