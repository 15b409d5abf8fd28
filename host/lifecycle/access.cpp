#include "host/lifecycle/access.h"

#include <vector>

#include "host/base/files.h"
#include "host/broker/config.h"
#include "host/broker/control.h"

namespace countersign::lifecycle {
namespace {

// Readable by the broker's user through the group of its folder, and by nobody else.
constexpr mode_t kBrokerFile = 0640;

}  // namespace

void write_access_list(const Home& home, const registry::Registry& registry) {
    std::vector<std::string> operators;
    registry.list({Role::operator_, {}, {}, ""},
                  [&](const registry::Summary& row) { operators.push_back(row.device.name); });
    write_file(home.acl(), broker::access_list(operators), kBrokerFile);
}

void refresh_access_list(OpenHome& home) {
    write_access_list(home.home(), home.registry());
    broker::RunningBroker(home.home().broker()).reload();
}

}  // namespace countersign::lifecycle
