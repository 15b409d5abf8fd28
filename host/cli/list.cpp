// `countersign list`: every device and how its certificate stands.
#include <fmt/format.h>

#include <memory>

#include "host/base/error.h"
#include "host/cli/commands.h"
#include "host/lifecycle/home.h"
#include "host/registry/registry.h"

namespace countersign::cli {
namespace {

struct ListOptions {
    std::string glob;
    bool all = false;
};

Json as_json(const registry::Summary& row) {
    Json json{{"name", row.device.name}, {"role", to_string(row.device.role)}};
    if (row.certificate) {
        json["state"] = to_string(row.certificate->state);
        json["serial"] = row.certificate->serial;
        json["not_after"] = format_time(row.certificate->not_after);
    }
    return json;
}

std::string as_line(const registry::Summary& row, Seconds now) {
    if (!row.certificate)
        return fmt::format("{:<24} {:<10} no certificate", row.device.name, to_string(row.device.role));
    const auto days = std::chrono::floor<std::chrono::days>(row.certificate->not_after - now).count();
    const std::string left = days < 0 ? "expired" : fmt::format("{} days left", days);
    return fmt::format("{:<24} {:<10} {:<8} {}  {}", row.device.name, to_string(row.device.role),
                       to_string(row.certificate->state), format_date(row.certificate->not_after), left);
}

void list(const Context& context, const ListOptions& options) {
    const lifecycle::Home home(context.home_path());
    home.require_initialised();
    const auto registry = registry::Registry::open(home.registry(), context.clock());
    Json rows = Json::array();
    registry::Filter filter;
    if (!options.all) filter.role = Role::device;
    filter.name_glob = options.glob;
    std::size_t count = 0;
    registry.list(filter, [&](const registry::Summary& row) {
        ++count;
        if (context.json) {
            rows.push_back(as_json(row));
        } else {
            context.note(as_line(row, context.clock().now()));
        }
    });
    context.report(
        count == 0 ? "No devices. Make one with: countersign issue user1" : fmt::format("{} in all.", count),
        {{"devices", rows}});
}

}  // namespace

void add_list(CLI::App& app, Context& context) {
    auto* command = app.add_subcommand("list", "Show every device and when its certificate expires");
    command->footer(
        "Examples:\n"
        "  countersign list\n"
        "  countersign list 'kitchen-*'\n"
        "  countersign --json list --all");
    auto options = std::make_shared<ListOptions>();
    command->add_option("GLOB", options->glob, "Only names like this");
    command->add_flag("--all", options->all, "Operators and the broker too");
    command->callback([&context, options] { list(context, *options); });
}

}  // namespace countersign::cli
