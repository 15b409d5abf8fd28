// What a device that is out has left in the broker: retained messages below its name, and its session with
// subscriptions and waiting messages. Whoever gets the name next is to find none of it.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>

#include "host/cli/context.h"
#include "host/lifecycle/home.h"
#include "host/transport/options.h"

namespace countersign::cli {

struct LeftBehind {
    std::size_t retained = 0;  // messages below devices/NAME that are gone now
};

// How the broker is reached, for a connection of its own each time.
using AsOperator = std::function<transport::Options()>;

// Retained messages, and the sessions of the name that are kept. Throws what a connection throws;
// E-BROKER-REFUSED when the name has a live session, or the broker's plugin is an older one.
LeftBehind clear_left_behind(const AsOperator& as_operator, const std::string& name,
                             std::chrono::milliseconds deadline);

// The session that is kept under this client id, and nobody's who is here now. Throws as above.
void end_kept_session(transport::Options as_operator, std::string client_id,
                      std::chrono::milliseconds deadline);

// Before a name is issued again of which nothing may connect any more; when it was revoked, the broker may
// have been away. Says nothing when there is nothing to be done, or no broker runs here.
void clear_before_issue(const Context& context, const lifecycle::Home& home, const std::string& name);

}  // namespace countersign::cli
