// `countersign list`: every device and how its certificate stands.
#include <fmt/format.h>

#include <memory>

#include "host/base/error.h"
#include "host/cli/commands.h"
#include "host/lifecycle/home.h"
#include "host/lifecycle/renewal.h"
#include "host/registry/registry.h"

namespace countersign::cli {
namespace {

struct ListOptions {
    std::string glob;
    std::string expiring;
    bool all = false;
};

// "30d", "12h" or a number of days.
std::chrono::seconds span_from(const std::string& text) {
    std::size_t digits = 0;
    while (digits < text.size() && digits < 6 && text[digits] >= '0' && text[digits] <= '9') ++digits;
    const std::string unit = text.substr(digits);
    if (digits == 0 || (!unit.empty() && unit != "d" && unit != "h")) {
        throw Error(Code::Usage, fmt::format("\"{}\" is no span of time.", text), "--expiring 30d or 12h");
    }
    const int number = std::stoi(text.substr(0, digits));
    return unit == "h" ? std::chrono::seconds(std::chrono::hours(number))
                       : std::chrono::seconds(std::chrono::days(number));
}

Json as_json(const registry::Summary& row, Seconds now) {
    Json json{{"name", row.device.name}, {"role", to_string(row.device.role)}};
    if (row.device.forked) json["forked"] = format_time(*row.device.forked);
    if (row.seen) json["seen"] = format_time(*row.seen);
    json["overdue"] = lifecycle::overdue(row, now);
    if (row.certificate) {
        json["state"] = to_string(row.certificate->state);
        json["serial"] = row.certificate->serial;
        json["not_after"] = format_time(row.certificate->not_after);
    }
    return json;
}

// Of those that are late or looked for.
std::optional<std::string> by_hand(const registry::Summary& row, bool asked, Seconds now) {
    if (!row.certificate || (!asked && !lifecycle::overdue(row, now))) return std::nullopt;
    return lifecycle::renews_by_hand(row.certificate->der);
}

std::string as_line(const registry::Summary& row, const std::optional<std::string>& by_hand, Seconds now) {
    if (!row.certificate)
        return fmt::format("{:<24} {:<10} no certificate", row.device.name, to_string(row.device.role));
    const auto days = std::chrono::floor<std::chrono::days>(row.certificate->not_after - now).count();
    const std::string left = days < 0 ? "expired" : fmt::format("{} days left", days);
    std::string line =
        fmt::format("{:<24} {:<10} {:<8} {}  {}", row.device.name, to_string(row.device.role),
                    to_string(row.certificate->state), format_date(row.certificate->not_after), left);
    if (by_hand) {
        line += fmt::format("  renews only by hand ({}): countersign issue {} --replace", *by_hand,
                            row.device.name);
    } else if (lifecycle::overdue(row, now)) {
        line += row.seen ? fmt::format("  not seen since {}: its renewal is due", format_date(*row.seen))
                         : "  not seen yet: its renewal is due";
    }
    if (row.device.forked) line += "  !!! E-IDENTITY-FORKED: two devices use this identity";
    return line;
}

std::string summary(const ListOptions& options, std::size_t count, std::size_t forked) {
    if (count == 0) {
        return options.expiring.empty() && options.glob.empty()
                   ? "No devices. Make one with: countersign issue user1"
                   : "None.";
    }
    std::string text = fmt::format("{} in all.", count);
    if (forked != 0) {
        text += fmt::format(" !!! {} used by two devices. Cure: {}", forked,
                            catalogue_entry(Code::IdentityForked).cure);
    }
    return text;
}

void list(const Context& context, const ListOptions& options) {
    const lifecycle::Home home(context.home_path());
    home.require_initialised();
    const auto registry = registry::Registry::open(home.registry(), context.clock());
    Json rows = Json::array();
    registry::Filter filter;
    if (!options.all) filter.role = Role::device;
    filter.name_glob = options.glob;
    filter.with_der = true;
    const Seconds now = context.clock().now();
    if (!options.expiring.empty()) filter.expires_before = now + span_from(options.expiring);
    std::size_t count = 0;
    std::size_t forked = 0;
    registry.list(filter, [&](const registry::Summary& row) {
        ++count;
        if (row.device.forked) ++forked;
        const auto kind = by_hand(row, !options.expiring.empty(), now);
        if (context.json) {
            rows.push_back(as_json(row, now));
            if (kind) rows.back()["renews_by_hand"] = *kind;
        } else {
            context.note(as_line(row, kind, now));
        }
    });
    context.report(summary(options, count, forked), {{"devices", rows}});
}

}  // namespace

void add_list(const Command& app, Context& context) {
    const Command command = app.subcommand("list", "Show every device and when its certificate expires");
    command.examples(
        "  countersign list\n"
        "  countersign list 'kitchen-*'\n"
        "  countersign list --expiring 30d\n"
        "  countersign --json list --all");
    auto options = std::make_shared<ListOptions>();
    command.option("GLOB", options->glob, "Only names like this");
    command.option("--expiring", options->expiring, "Only what ends within this time: 30d, 12h")
        .type_name("SPAN");
    command.flag("--all", options->all, "Operators and the broker too");
    command.action([&context, options] { list(context, *options); });
}

}  // namespace countersign::cli
