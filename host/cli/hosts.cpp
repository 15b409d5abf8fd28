// `countersign hosts add|remove|list`: the addresses under which devices find the broker.
#include "host/lifecycle/hosts.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>

#include "host/base/error.h"
#include "host/base/files.h"
#include "host/broker/config.h"
#include "host/cli/commands.h"
#include "host/cli/options.h"

namespace countersign::cli {
namespace {

struct HostsOptions {
    std::vector<std::string> hosts;
    bool first = false;
    std::string old_boards;
    std::int64_t port = 0;
    bool only = false;
};

std::vector<pki::HostName> parsed(const std::vector<std::string>& texts) {
    std::vector<pki::HostName> hosts;
    hosts.reserve(texts.size());
    for (const auto& text : texts) hosts.push_back(pki::HostName::parse(text));
    return hosts;
}

void report_change(const Context& context, const lifecycle::HostsChange& change) {
    context.report(
        fmt::format("The broker's certificate names {} now; it expires {}.\n{}",
                    fmt::join(change.hosts, ", "), format_date(change.broker.info.not_after),
                    change.broker.told ? "The running broker serves it already; nobody was disconnected."
                                       : "No `countersign broker` is running: the next one serves it. A "
                                         "Mosquitto of your own: systemctl reload mosquitto"),
        {{"hosts", change.hosts},
         {"version", change.version},
         {"broker_expires", format_time(change.broker.info.not_after)},
         {"broker_told", change.broker.told}});
}

template <class Wanted>
void change_hosts(const Context& context, const Wanted& wanted) {
    const lifecycle::Home home(context.home_path());
    lifecycle::OpenHome open(home, context.clock());
    (void)wanted(open.settings());  // refused before anybody is asked
    lifecycle::IssuingAuthority authority(home, authority_passphrase(context, open), context.clock());
    report_change(context, lifecycle::set_hosts(open, authority, wanted(open.settings())));
}

void add(const Context& context, const HostsOptions& options) {
    const auto place = options.first ? lifecycle::Place::first : lifecycle::Place::last;
    change_hosts(context, [&](const lifecycle::Settings& settings) {
        return lifecycle::hosts_with(settings, parsed(options.hosts), place);
    });
}

void remove(const Context& context, const HostsOptions& options) {
    change_hosts(context, [&](const lifecycle::Settings& settings) {
        return lifecycle::hosts_without(settings, parsed(options.hosts));
    });
}

void old_boards(const Context& context, const HostsOptions& options) {
    if (options.old_boards != "on" && options.old_boards != "off") {
        throw Error(Code::Usage, "It is on or off.", "countersign hosts old-boards on");
    }
    const lifecycle::Home home(context.home_path());
    lifecycle::OpenHome open(home, context.clock());
    lifecycle::IssuingAuthority authority(home, authority_passphrase(context, open), context.clock());
    report_change(context, lifecycle::set_old_boards(open, authority, options.old_boards == "on"));
}

void port(const Context& context, const HostsOptions& options) {
    const lifecycle::Home home(context.home_path());
    lifecycle::OpenHome open(home, context.clock());
    const auto former = options.only ? lifecycle::FormerPort::drop : lifecycle::FormerPort::keep;
    const auto change = lifecycle::set_port(open, static_cast<std::uint16_t>(options.port), former);
    std::string sentence = fmt::format("The broker listens on port {} when it next starts.", change.port);
    if (!change.former.empty()) {
        sentence += fmt::format(
            "\nIt goes on listening on {} too: devices are told the new port when they connect. When all "
            "have been: "
            "countersign hosts port {} --only",
            fmt::join(change.former, ", "), change.port);
    } else if (change.devices != 0) {
        sentence += fmt::format(
            "\n{} devices are registered: one that dials another port does not find the broker any more "
            "(countersign load NAME).",
            change.devices);
    }
    context.report(sentence,
                   {{"port", change.port}, {"former_ports", change.former}, {"devices", change.devices}});
}

void list(const Context& context) {
    const lifecycle::Home home(context.home_path());
    const auto settings = lifecycle::load_settings(home);
    const auto broker = pki::parse_certificate_pem(read_text(broker::Files(home.broker()).certificate)).info;
    Json rows = Json::array();
    for (const auto& host : settings.hosts) {
        const bool named = std::find(broker.hosts.begin(), broker.hosts.end(), host) != broker.hosts.end();
        rows.push_back({{"host", host}, {"in_certificate", named}});
        context.note(named ? host
                           : fmt::format("{}   not in the broker's certificate: countersign hosts add {}",
                                         host, host));
    }
    context.report(fmt::format("Devices try them in this order, on port {} (list {}). The broker's "
                               "certificate expires {}.",
                               settings.port, settings.brokers_version, format_date(broker.not_after)),
                   {{"hosts", rows},
                    {"port", settings.port},
                    {"former_ports", settings.former_ports},
                    {"old_boards", settings.old_boards},
                    {"version", settings.brokers_version},
                    {"broker_expires", format_time(broker.not_after)}});
}

}  // namespace

void add_hosts(const Command& app, Context& context) {
    const Command hosts = app.subcommand("hosts", "Change the addresses under which devices find the broker");
    hosts.examples(
        "  countersign hosts add 192.168.1.50\n"
        "  countersign hosts add broker.example.org --first\n"
        "  countersign hosts remove 192.168.1.22\n"
        "  countersign hosts port 8884\n"
        "  countersign hosts old-boards on             (MicroPython 1.22 and 1.23)\n"
        "  countersign hosts list");
    hosts.require_subcommand();
    auto options = std::make_shared<HostsOptions>();
    const Command adder =
        hosts.subcommand("add", "Issue the broker a new certificate that names these addresses too");
    adder.option("HOST", options->hosts, "IP addresses or names").required();
    adder.flag("--first", options->first, "Devices try these before all others");
    adder.action([&context, options] { add(context, *options); });
    const Command remover =
        hosts.subcommand("remove", "Issue the broker a certificate without these addresses");
    remover.option("HOST", options->hosts, "As `hosts list` shows them").required();
    remover.action([&context, options] { remove(context, *options); });
    const Command porter = hosts.subcommand("port", "Let the broker listen on another port");
    porter.option("PORT", options->port, "When it next starts").required().range(1, 65535);
    porter.flag("--only", options->only, "Not on the port before it, where registered devices look");
    porter.action([&context, options] { port(context, *options); });
    const Command old = hosts.subcommand(
        "old-boards", "Name addresses as DNS names too, for boards with MicroPython before 1.24");
    old.option("ON", options->old_boards, "on or off; strict clients (rustls) refuse it").required();
    old.action([&context, options] { old_boards(context, *options); });
    const Command lister = hosts.subcommand("list", "Show the addresses in the order devices try them");
    lister.action([&context] { list(context); });
}

}  // namespace countersign::cli
