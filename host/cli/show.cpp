// `countersign show NAME`: all the registry knows of one device.
#include <fmt/format.h>

#include <memory>

#include "host/base/error.h"
#include "host/base/printable.h"
#include "host/cli/commands.h"
#include "host/lifecycle/home.h"
#include "host/lifecycle/renewal.h"
#include "host/pki/certificate.h"
#include "host/registry/registry.h"

namespace countersign::cli {
namespace {

Json as_json(const registry::Certificate& certificate) {
    return {{"role", to_string(certificate.role)},
            {"state", to_string(certificate.state)},
            {"serial", certificate.serial},
            {"fingerprint", pki::to_hex(certificate.fingerprint)},
            {"not_before", format_time(certificate.not_before)},
            {"not_after", format_time(certificate.not_after)},
            {"issued", format_time(certificate.issued_at)},
            {"origin", certificate.origin == registry::Origin::renewal ? "renewal" : "by hand"}};
}

Json as_json(const registry::Event& event) {
    Json json{{"seq", event.seq},
              {"time", format_time(event.time)},
              {"kind", event.kind},
              {"detail", event.detail}};
    if (event.fingerprint) json["fingerprint"] = pki::to_hex(*event.fingerprint);
    return json;
}

// The certificate that counts for renewal: the newest that may connect.
const registry::Certificate* working(const std::vector<registry::Certificate>& certificates) {
    for (auto row = certificates.rbegin(); row != certificates.rend(); ++row) {
        if (row->role == Role::device && may_connect(row->state)) return &*row;
    }
    return nullptr;
}

std::vector<std::string> renewal_lines(const registry::Device& device,
                                       const std::vector<registry::Certificate>& certificates,
                                       const registry::Report& report, Seconds now) {
    std::vector<std::string> lines;
    if (device.forked) {
        lines.push_back(fmt::format("  !!! E-IDENTITY-FORKED, seen {}: {} Cure: {}",
                                    format_time(*device.forked), catalogue_entry(Code::IdentityForked).what,
                                    catalogue_entry(Code::IdentityForked).cure));
    }
    if (device.role != Role::device) return lines;
    if (report.seen) lines.push_back(fmt::format("  last signed word {}", format_time(*report.seen)));
    if (report.state) {
        lines.push_back(fmt::format("  anchors version {}, brokers version {}", report.anchors_version,
                                    report.brokers_version));
    }
    const auto* certificate = working(certificates);
    if (certificate == nullptr) return lines;
    if (const auto kind = lifecycle::renews_by_hand(pki::parse_certificate(certificate->der).info)) {
        lines.push_back(
            fmt::format("  does not renew by itself: its key is {}. countersign issue {} --replace, "
                        "then countersign load {}",
                        *kind, device.name, device.name));
        return lines;
    }
    const Seconds due = lifecycle::renewal_due(device.name, certificate->issued_at, certificate->not_after);
    const bool late = lifecycle::overdue({device, *certificate, report.seen}, now);
    lines.push_back(fmt::format("  renews {}{}{}", format_time(due),
                                late ? ": due, and not seen since; is it switched on?" : "",
                                report.renew == certificate->fingerprint ? "; asked to renew now" : ""));
    return lines;
}

void print(const Context& context, const registry::Device& device,
           const std::vector<registry::Certificate>& certificates, const std::vector<registry::Event>& events,
           const registry::Report& report) {
    context.note(
        fmt::format("{}  {}, since {}", device.name, to_string(device.role), format_date(device.created)));
    if (!device.chip_id.empty()) context.note(fmt::format("  chip {}", one_line(device.chip_id)));
    for (const auto& line : renewal_lines(device, certificates, report, context.clock().now()))
        context.note(line);
    context.note("Certificates, oldest first:");
    for (const auto& certificate : certificates) {
        context.note(fmt::format("  {:<8} {} to {}  serial {}\n           SHA-256 {}",
                                 to_string(certificate.state), format_date(certificate.not_before),
                                 format_date(certificate.not_after), certificate.serial,
                                 pki::to_hex(certificate.fingerprint)));
    }
    context.note("Events:");
    for (const auto& event : events) {
        const std::string which = event.fingerprint ? pki::to_hex(*event.fingerprint).substr(0, 16) : "";
        context.note(fmt::format("  {}  {:<10} {} {}", format_time(event.time), event.kind, which,
                                 one_line(event.detail)));
    }
}

void show(const Context& context, const std::string& name) {
    const lifecycle::Home home(context.home_path());
    home.require_initialised();
    const auto registry = registry::Registry::open(home.registry(), context.clock());
    const auto device = registry.find_device(name);
    if (!device) throw Error(Code::NameUnknown, fmt::format("No device \"{}\" is registered.", name));
    const auto certificates = registry.certificates_of(name);
    const auto events = registry.events_of(name);
    const auto report = registry.report_of(name);
    if (!context.json) return print(context, *device, certificates, events, report);
    Json answer{{"name", device->name},
                {"role", to_string(device->role)},
                {"created", format_time(device->created)},
                {"chip_id", device->chip_id},
                {"certificates", Json::array()},
                {"events", Json::array()}};
    if (device->forked) answer["forked"] = format_time(*device->forked);
    if (report.seen) answer["seen"] = format_time(*report.seen);
    answer["anchors_version"] = report.anchors_version;
    answer["brokers_version"] = report.brokers_version;
    for (const auto& certificate : certificates) answer["certificates"].push_back(as_json(certificate));
    for (const auto& event : events) answer["events"].push_back(as_json(event));
    context.report("", answer);
}

}  // namespace

void add_show(const Command& app, Context& context) {
    const Command command = app.subcommand("show", "Show one device: certificates, fingerprints, events");
    command.examples("  countersign show user1\n  countersign --json show user1");
    auto name = std::make_shared<std::string>();
    command.option("NAME", *name, "The device").required();
    command.action([&context, name] { show(context, *name); });
}

}  // namespace countersign::cli
