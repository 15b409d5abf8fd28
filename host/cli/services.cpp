#include "host/cli/services.h"

#include <fmt/format.h>

#include "host/base/error.h"
#include "host/base/files.h"
#include "host/broker/control.h"
#include "host/cli/operator_connection.h"

namespace countersign::cli {
namespace {

constexpr std::chrono::milliseconds kPatience{5000};
constexpr std::string_view kResponder = "responder";
constexpr std::string_view kCure = "countersign up";

// The broker is dialled as the responder dials it. Nothing: it was not reached, and the complaint is made.
std::optional<BrokerAnswer> reach(const lifecycle::Home& home, lifecycle::Examination& found) {
    try {
        return sessions_of(home, std::string(kResponder));
    } catch (const Error& error) {
        const bool runs = broker::RunningBroker(home.broker()).running();
        if (!runs && error.id() == Code::BrokerUnreachable) {
            found.complaints.emplace_back(error.id(), "The broker does not run here. " + error.detail(),
                                          kCure);
        } else {
            found.complaints.push_back(error);
        }
        return std::nullopt;
    }
}

}  // namespace

BrokerAnswer sessions_of(const lifecycle::Home& home, const std::string& name) {
    return ask_broker(operator_connection(home, {}, "look"), name, {}, kPatience);
}

lifecycle::Examination examine_services(const lifecycle::Home& home) {
    lifecycle::Examination found;
    found.part = "services";
    const auto broker = reach(home, found);
    if (!is_locked(home.signer_lock())) {
        found.complaints.emplace_back(Code::SignerUnreachable, "The signer does not run: nothing renews.",
                                      kCure);
    }
    if (!is_locked(home.responder_lock())) {
        found.complaints.emplace_back(Code::ResponderDown, "The responder does not run: nothing renews.",
                                      kCure);
    } else if (broker && broker->live.empty()) {
        found.complaints.emplace_back(Code::ResponderDown,
                                      "The responder runs, but the broker has no connection of it.",
                                      "its own lines say why: countersign up, or journalctl -u "
                                      "countersign-responder");
    }
    if (found.complaints.empty()) {
        found.good = fmt::format("broker (at {}), signer and responder run, and the responder is connected",
                                 broker->from.host);
    }
    return found;
}

}  // namespace countersign::cli
