// `countersign rollover`: a new issuing CA, a new root, or both after a theft.
#include "host/lifecycle/rollover.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "host/base/error.h"
#include "host/cli/commands.h"
#include "host/cli/options.h"
#include "host/lifecycle/compromise.h"

namespace countersign::cli {
namespace {

using lifecycle::Way;

constexpr std::size_t kRowsShown = 50;
constexpr std::chrono::seconds kLockWait{60};

struct RolloverOptions {
    std::string root, after;
    std::vector<std::string> without;
};

// The root's key, unlocked, and the passphrase for what is made under it.
struct Unlocked {
    pki::PrivateKey root;
    Secret passphrase;  // empty in a home whose keys are not encrypted
};

// Others may change the home while somebody types.
Unlocked unlock(const Context& context, lifecycle::OpenHome& open, const std::string& file) {
    const bool asked = open.settings().encrypted || lifecycle::root_key_is_encrypted(open.home(), file);
    Secret passphrase;
    if (asked) open.while_unlocked([&] { passphrase = context.passphrase(false); }, kLockWait);
    auto root = lifecycle::load_root_key(open.home(), file, passphrase);
    return {std::move(root), open.settings().encrypted ? std::move(passphrase) : Secret{}};
}

std::string told(bool running) {
    return running
               ? "The running broker serves the new chain already; nobody was disconnected."
               : "No `countersign broker` is running: the next one serves the new chain. A Mosquitto of your "
                 "own: systemctl reload mosquitto";
}

// For software that goes by revocation lists; our broker asks the registry.
std::string lists(bool listed) {
    return listed ? "Its last revocation list, for other software, is in crl/ and does not lapse; what is "
                    "revoked "
                    "of it later is on no list."
                  : "The old issuing key could not be opened: there is no last revocation list under it.";
}

Json as_json(const lifecycle::Rolled& rolled) {
    return {{"root_fingerprint", pki::to_hex(rolled.root.fingerprint)},
            {"issuing_fingerprint", pki::to_hex(rolled.issuing.fingerprint)},
            {"issuing", rolled.issuing.name},
            {"broker_expires", format_time(rolled.broker.not_after)},
            {"broker_told", rolled.told},
            {"last_list", rolled.listed}};
}

void roll_issuing(const Context& context, const RolloverOptions& options) {
    lifecycle::OpenHome open(lifecycle::Home(context.home_path()), context.clock());
    if (open.finished_change()) {
        return context.report("An earlier, killed command had made the new CA; it is in use now.",
                              {{"finished", true}});
    }
    const auto unlocked = unlock(context, open, options.root);
    const auto rolled = lifecycle::roll_issuing(open, unlocked.root, unlocked.passphrase);
    context.report(
        fmt::format("Made \"{}\", which signs from now on; the old issuing key is destroyed.\n"
                    "No device has to do anything: certificates of the old issuing CA work until they "
                    "are renewed.\n{}\n{}",
                    rolled.issuing.name, lists(rolled.listed), told(rolled.told)),
        as_json(rolled));
}

void start(const Context& context, const RolloverOptions& options) {
    lifecycle::OpenHome open(lifecycle::Home(context.home_path()), context.clock());
    if (lifecycle::root_rollover(open.home())) throw Error(Code::RolloverUnderway);
    const auto unlocked = unlock(context, open, options.root);
    const auto rolled = lifecycle::start_root_rollover(open, unlocked.root, unlocked.passphrase);
    context.report(
        fmt::format(
            "Made a new root (SHA-256 {}) and \"{}\" under it.\n{}\n"
            "Devices with the old root and with the new one are served. Each takes the new one over when "
            "it connects\n(`countersign up` must run) and says so. Operators, and what was issued by hand "
            "for programs, get "
            "it by hand.\nWho needs what:  countersign rollover root status\n"
            "The old root's key is not needed any more; take the new one offline:\n"
            "  countersign root export FILE   then   countersign root remove",
            pki::to_hex(rolled.root.fingerprint), rolled.issuing.name, told(rolled.told)),
        as_json(rolled));
}

void status(const Context& context) {
    const lifecycle::Home home(context.home_path());
    home.require_initialised();
    const auto rollover = lifecycle::root_rollover(home);
    if (!rollover) throw Error(Code::RolloverNone);
    const auto registry = registry::Registry::open(home.registry(), context.clock());
    const auto devices = lifecycle::confirmations(home, registry, *rollover);
    Json rows = Json::array();
    std::size_t confirmed = 0;
    std::size_t shown = 0;
    for (const auto& device : devices) {
        confirmed += device.confirmed ? 1U : 0U;
        rows.push_back({{"name", device.name},
                        {"role", to_string(device.role)},
                        {"confirmed", device.confirmed},
                        {"needs", device.confirmed ? "" : lifecycle::how_to_bring(device)}});
        if (device.seen) rows.back()["seen"] = format_time(*device.seen);
        if (device.confirmed || shown++ >= kRowsShown) continue;
        context.note(fmt::format("{:<24} {} has not got it; {}: {}", device.name, to_string(device.role),
                                 device.seen ? "last heard " + format_time(*device.seen) : "never heard",
                                 lifecycle::how_to_bring(device)));
    }
    if (shown > kRowsShown) context.note(fmt::format("… and {} more", shown - kRowsShown));
    context.report(fmt::format("{} of {} devices and operators trust the new root, under way since {}.{}",
                               confirmed, devices.size(), format_date(rollover->started),
                               confirmed == devices.size() ? " Next: countersign rollover root finish" : ""),
                   {{"started", format_time(rollover->started)},
                    {"anchors_version", rollover->anchors_version},
                    {"confirmed", confirmed},
                    {"devices", rows}});
}

void finish(const Context& context, const RolloverOptions& options) {
    lifecycle::OpenHome open(lifecycle::Home(context.home_path()), context.clock());
    const bool running = lifecycle::finish_root_rollover(
        open, std::set<std::string>(options.without.begin(), options.without.end()));
    context.report(
        fmt::format("The broker does not vouch for the new root by the old one any more. A device that "
                    "trusts only the old root\nneeds: countersign load NAME; an operator or a program: "
                    "countersign issue NAME --replace, and "
                    "its new files\n{}",
                    told(running)),
        {{"broker_told", running}});
}

// --- after a theft

Seconds parse_time(const std::string& text) {
    int year = 0;
    unsigned month = 0;
    unsigned day = 0;
    unsigned hour = 0;
    unsigned minute = 0;
    unsigned second = 0;
    int end = 0;
    const int fields = std::sscanf(text.c_str(), "%4d-%2u-%2uT%2u:%2u:%2uZ%n", &year, &month, &day, &hour,
                                   &minute, &second, &end);
    const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                           std::chrono::day(day)};
    const bool whole = (fields == 6 && static_cast<std::size_t>(end) == text.size()) ||
                       (fields == 3 && text.size() == std::string_view("2026-11-22").size());
    if (!whole || !date.ok() || hour > 23 || minute > 59 || second > 59) {
        throw Error(Code::Usage, fmt::format("\"{}\" is no time.", text),
                    "--after 2026-11-22 or --after 2026-11-22T15:04:05Z (UTC)");
    }
    return Seconds(std::chrono::sys_days(date)) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
           std::chrono::seconds(second);
}

std::string_view word(Way way) {
    switch (way) {
        case Way::by_itself: return "comes back by itself";
        case Way::by_cable: return "needs the cable";
        case Way::by_issue: return "needs a new certificate";
        case Way::renewed: return "has a new certificate already";
    }
    return "";
}

std::string cure(const lifecycle::Fate& fate) {
    switch (fate.way) {
        case Way::by_itself: return "with its birth certificate, which is older";
        case Way::by_cable: return fmt::format("countersign load {}", fate.name);
        case Way::by_issue:
            return fate.role == Role::device
                       ? fmt::format("countersign issue {} --replace, then countersign load {}", fate.name,
                                     fate.name)
                       : fmt::format("countersign issue {} --role operator --replace", fate.name);
        case Way::renewed: return "for the key it had";
    }
    return "";
}

void compromised(const Context& context, const RolloverOptions& options) {
    const Seconds after = parse_time(options.after);
    lifecycle::OpenHome open(lifecycle::Home(context.home_path()), context.clock());
    const auto unlocked = unlock(context, open, options.root);
    const auto result = lifecycle::replace_stolen_key(open, after, unlocked.root, unlocked.passphrase);
    Json fates = Json::array();
    for (const auto& fate : result.fates) {
        fates.push_back({{"name", fate.name},
                         {"role", to_string(fate.role)},
                         {"fate", word(fate.way)},
                         {"cure", cure(fate)}});
        context.note(fmt::format("{:<24} {}: {}", fate.name, word(fate.way), cure(fate)));
    }
    Json answer = as_json(result.rolled);
    answer.update({{"condemned", result.condemned},
                   {"untouched", result.untouched},
                   {"resumed", result.resumed},
                   {"fates", fates}});
    if (result.resumed) {
        context.note(
            "This has finished an earlier call that was killed. Was the key it made stolen too? Then the "
            "same "
            "command once more.");
    }
    context.report(
        fmt::format("Condemned {} certificates the stolen key signed since {}; {} devices go on as before.\n"
                    "\"{}\" signs from now on. {}\n"
                    "The thief can still pretend to be the broker: devices believe the old issuing CA until "
                    "they have "
                    "a new root.\nNext:  countersign rollover root start",
                    result.condemned, format_time(after), result.untouched, result.rolled.issuing.name,
                    told(result.rolled.told)),
        answer);
}

void add_root_steps(const Command& rollover, Context& context,
                    const std::shared_ptr<RolloverOptions>& options,
                    const std::function<void(const Command&)>& take_root) {
    const Command root = rollover.subcommand("root", "A new root: start, status, finish");
    root.examples(
        "  countersign rollover root start --root /media/stick/root.key.pem\n"
        "  countersign rollover root status\n"
        "  countersign rollover root finish\n"
        "  countersign rollover root finish --without lost-1 lost-2");
    root.require_subcommand();
    const Command starter = root.subcommand("start", "Make it, and serve devices with either root");
    take_root(starter);
    starter.action([&context, options] { start(context, *options); });
    root.subcommand("status", "Which devices trust it").action([&context] { status(context); });
    const Command finisher = root.subcommand("finish", "Serve devices with the new root only");
    finisher.option("--without", options->without, "Devices and operators that are given up")
        .type_name("NAME");
    finisher.action([&context, options] { finish(context, *options); });
}

}  // namespace

void add_rollover(const Command& app, Context& context) {
    const Command rollover = app.subcommand("rollover", "Replace the issuing CA or the root");
    rollover.examples(
        "  countersign rollover issuing --root /media/stick/root.key.pem\n"
        "  countersign rollover root start\n"
        "  countersign rollover root status\n"
        "  countersign rollover root finish\n"
        "  countersign rollover compromised --after 2026-11-20T08:00:00Z");
    rollover.require_subcommand();
    auto options = std::make_shared<RolloverOptions>();
    const auto take_root = [options](const Command& command) {
        command.option("--root", options->root, "Where the root's key is, if not in the home folder")
            .type_name("FILE");
    };
    const Command issuing = rollover.subcommand("issuing", "A new issuing CA; no device is involved");
    take_root(issuing);
    issuing.action([&context, options] { roll_issuing(context, *options); });
    add_root_steps(rollover, context, options, take_root);
    const Command theft =
        rollover.subcommand("compromised", "The issuing key was stolen: end what it signed since");
    take_root(theft);
    theft.option("--after", options->after, "Since when, UTC: 2026-11-20 or 2026-11-20T08:00:00Z").required();
    theft.action([&context, options] { compromised(context, *options); });
}

}  // namespace countersign::cli
