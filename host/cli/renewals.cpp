// `countersign renewals`: what waits for a person's nod.
#include <fmt/format.h>

#include "host/base/error.h"
#include "host/cli/commands.h"
#include "host/lifecycle/home.h"
#include "host/pki/certificate.h"
#include "host/registry/registry.h"

namespace countersign::cli {
namespace {

// The device's working certificate. A board that asks with its birth certificate meanwhile has lost its
// flash, or is not the board that works.
std::optional<registry::Certificate> working(const registry::Registry& registry, const std::string& name,
                                             Seconds now) {
    for (const auto& row : registry.certificates_of(name)) {
        if (row.role == Role::device && row.state == CertificateState::active && row.not_after > now)
            return row;
    }
    return std::nullopt;
}

struct Doubt {
    bool forked = false;
    bool several = false;  // keys wait
};

void say(const Context& context, const registry::Waiting& waiting,
         const std::optional<registry::Certificate>& works, const Doubt& doubt) {
    const auto key = pki::to_hex(waiting.key).substr(0, 16);
    const bool needs_key = doubt.forked || doubt.several;
    context.note(fmt::format("{:<24} since {}  key {}  {}", waiting.name, format_time(waiting.since), key,
                             waiting.approved ? std::string("approved; the responder answers when it runs")
                                              : fmt::format("countersign approve {}{}", waiting.name,
                                                            needs_key ? " " + key : "")));
    if (works && !doubt.forked) {
        context.note(
            fmt::format("  !!! Its working certificate is good until {}. Unless this board was "
                        "erased, another has a copy of it.",
                        format_date(works->not_after)));
    }
}

void say_forked(const Context& context, const registry::Device& device,
                const std::optional<registry::Certificate>& works) {
    context.note(
        fmt::format("{:<24} !!! E-IDENTITY-FORKED, seen {}: {} Nothing is renewed until you say which "
                    "key is the genuine one's.",
                    device.name, format_time(*device.forked), catalogue_entry(Code::IdentityForked).what));
    if (!works) return;
    const auto key = pki::to_hex(works->spki_sha256).substr(0, 16);
    context.note(fmt::format("{:<24} works until {}  key {}  countersign approve {} {}", device.name,
                             format_date(works->not_after), key, device.name, key));
}

void renewals(const Context& context) {
    const lifecycle::Home home(context.home_path());
    home.require_initialised();
    const auto registry = registry::Registry::open(home.registry(), context.clock());
    const auto now = context.clock().now();
    Json forked = Json::array();
    registry.list({Role::device, {}, {}, ""}, [&](const registry::Summary& row) {
        if (!row.device.forked) return;
        const auto works = working(registry, row.device.name, now);
        forked.push_back({{"name", row.device.name},
                          {"since", format_time(*row.device.forked)},
                          {"working_key", works ? Json(pki::to_hex(works->spki_sha256)) : Json()}});
        say_forked(context, row.device, works);
    });
    Json rows = Json::array();
    for (const auto& waiting : registry.waiting()) {
        const auto works = working(registry, waiting.name, now);
        rows.push_back({{"name", waiting.name},
                        {"key", pki::to_hex(waiting.key)},
                        {"since", format_time(waiting.since)},
                        {"approved", waiting.approved},
                        {"working_until", works ? Json(format_time(works->not_after)) : Json()}});
        say(context, waiting, works,
            {registry.find_device(waiting.name)->forked.has_value(),
             registry.waiting_of(waiting.name).size() > 1});
    }
    const bool nothing = rows.empty() && forked.empty();
    context.report(nothing
                       ? std::string("Nothing waits for a nod.")
                       : fmt::format("{} in all{}.", rows.size(),
                                     forked.empty() ? std::string()
                                                    : fmt::format(", {} used by two devices", forked.size())),
                   {{"renewals", rows}, {"forked", forked}});
}

}  // namespace

void add_renewals(const Command& app, Context& context) {
    const Command command = app.subcommand("renewals", "Show requests that wait for your nod");
    command.examples("  countersign renewals\n  countersign --json renewals");
    command.action([&context] { renewals(context); });
}

}  // namespace countersign::cli
