#include "host/lifecycle/access.h"

#include <string>
#include <vector>

#include "host/broker/config.h"
#include "host/broker/control.h"
#include "host/broker/own_lines.h"

namespace countersign::lifecycle {
namespace {

// Readable by the broker's user through the group of its folder, and by nobody else.
constexpr mode_t kBrokerFile = 0640;

std::vector<std::string> names_of(const registry::Registry& registry, Role role) {
    std::vector<std::string> names;
    registry.list({role, {}, {}, ""},
                  [&](const registry::Summary& row) { names.push_back(row.device.name); });
    return names;
}

}  // namespace

void write_access_list(const Home& home, const registry::Registry& registry) {
    const auto operators = names_of(registry, Role::operator_);
    const auto responders = names_of(registry, Role::responder);
    broker::write_generated(home.acl(),
                            broker::access_list(operators, responders, broker::own_access(home.broker())),
                            kBrokerFile);
}

void refresh_access_list(OpenHome& home) {
    write_access_list(home.home(), home.registry());
    broker::RunningBroker(home.home().broker()).reload();
}

}  // namespace countersign::lifecycle
