// `countersign renewals`: what waits for a person's nod.
#include <fmt/format.h>

#include "host/cli/commands.h"
#include "host/lifecycle/home.h"
#include "host/pki/certificate.h"
#include "host/registry/registry.h"

namespace countersign::cli {
namespace {

void renewals(const Context& context) {
    const lifecycle::Home home(context.home_path());
    home.require_initialised();
    const auto registry = registry::Registry::open(home.registry(), context.clock());
    Json rows = Json::array();
    for (const auto& waiting : registry.waiting()) {
        rows.push_back({{"name", waiting.name},
                        {"key", pki::to_hex(waiting.key)},
                        {"since", format_time(waiting.since)},
                        {"approved", waiting.approved}});
        context.note(fmt::format("{:<24} since {}  key {}  {}", waiting.name, format_time(waiting.since),
                                 pki::to_hex(waiting.key).substr(0, 16),
                                 waiting.approved ? "approved; the responder answers when it runs"
                                                  : "countersign approve " + waiting.name));
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
