// `countersign renewals`: what waits for a person's nod.
#include <fmt/format.h>

#include "host/cli/commands.h"
#include "host/lifecycle/home.h"
#include "host/pki/certificate.h"
#include "host/registry/registry.h"

namespace countersign::cli {
namespace {

// Until when the device's working certificate is good. A board that asks with its birth certificate meanwhile
// has lost its flash, or is not the board that works.
std::optional<Seconds> working_until(const registry::Registry& registry, const std::string& name,
                                     Seconds now) {
    for (const auto& row : registry.certificates_of(name)) {
        if (row.role == Role::device && row.state == CertificateState::active && row.not_after > now)
            return row.not_after;
    }
    return std::nullopt;
}

void renewals(const Context& context) {
    const lifecycle::Home home(context.home_path());
    home.require_initialised();
    const auto registry = registry::Registry::open(home.registry(), context.clock());
    Json rows = Json::array();
    for (const auto& waiting : registry.waiting()) {
        const auto works = working_until(registry, waiting.name, context.clock().now());
        rows.push_back({{"name", waiting.name},
                        {"key", pki::to_hex(waiting.key)},
                        {"since", format_time(waiting.since)},
                        {"approved", waiting.approved},
                        {"working_until", works ? Json(format_time(*works)) : Json()}});
        context.note(fmt::format("{:<24} since {}  key {}  {}", waiting.name, format_time(waiting.since),
                                 pki::to_hex(waiting.key).substr(0, 16),
                                 waiting.approved ? "approved; the responder answers when it runs"
                                                  : "countersign approve " + waiting.name));
        if (works) {
            context.note(
                fmt::format("  !!! Its working certificate is good until {}. Unless this board was "
                            "erased, another has a copy of it.",
                            format_date(*works)));
        }
    }
    context.report(rows.empty() ? "Nothing waits for a nod." : fmt::format("{} in all.", rows.size()),
                   {{"renewals", rows}});
}

}  // namespace

void add_renewals(const Command& app, Context& context) {
    const Command command = app.subcommand("renewals", "Show requests that wait for your nod");
    command.examples("  countersign renewals\n  countersign --json renewals");
    command.action([&context] { renewals(context); });
}

}  // namespace countersign::cli
