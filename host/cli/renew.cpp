// `countersign renew NAME`: asks a device to renew now, and watches whether it does.
#include <fmt/format.h>

#include <memory>
#include <thread>

#include "core/identity/name.h"
#include "host/base/error.h"
#include "host/base/files.h"
#include "host/broker/config.h"
#include "host/cli/commands.h"
#include "host/cli/interrupt.h"
#include "host/cli/options.h"
#include "host/lifecycle/authority_store.h"
#include "host/lifecycle/new_keys.h"

namespace countersign::cli {
namespace {

struct RenewOptions {
    std::string name;
    bool new_key = false;
    std::int64_t wait = 30;  // seconds
};

constexpr std::chrono::milliseconds kBetweenLooks{200};

std::optional<registry::Certificate> active_certificate(const registry::Registry& registry,
                                                        std::string_view name) {
    for (auto& certificate : registry.certificates_of(name)) {
        if (certificate.role == Role::device && certificate.state == CertificateState::active) {
            return std::move(certificate);
        }
    }
    return std::nullopt;
}

bool responder_runs(const lifecycle::Home& home) {
    try {
        const FileLock lock(home.responder_lock());
        return false;
    } catch (const Error& error) {
        if (error.id() != Code::HomeBusy) throw;
        return true;
    }
}

// Another active certificate than the one it was to replace.
std::optional<registry::Certificate> wait_for_successor(const Context& context, const lifecycle::Home& home,
                                                        const RenewOptions& options,
                                                        const Fingerprint& before) {
    const auto registry = registry::Registry::open(home.registry(), context.clock());
    const Interrupt interrupt;
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(options.wait);
    while (!interrupt.seen()) {
        auto now = active_certificate(registry, options.name);
        if (now && now->fingerprint != before) return now;
        if (std::chrono::steady_clock::now() >= end) break;
        std::this_thread::sleep_for(kBetweenLooks);
    }
    return std::nullopt;
}

std::string later_sentence(const std::string& name, bool running) {
    return fmt::format("{} has been asked and will renew when it comes.{}", name,
                       running ? "" : " No responder runs here to tell it: countersign up");
}

// The role of the host's own identity of this name; nullopt for everybody else's.
std::optional<Role> own_role(lifecycle::OpenHome& open, const std::string& name) {
    const auto device = open.registry().find_device(name);
    if (!device || !is_reserved_name(device->name)) return std::nullopt;
    return device->role;
}

void report_own(const Context& context, const RenewOptions& options, const pki::CertificateInfo& info,
                std::string_view more) {
    context.report(fmt::format("The {} has a new {}, valid to {}.{}", info.name,
                               options.new_key ? "key and certificate" : "certificate",
                               format_date(info.not_after), more),
                   {{"name", info.name},
                    {"renewed", true},
                    {"new_key", options.new_key},
                    {"serial", info.serial},
                    {"not_after", format_time(info.not_after)}});
}

void renew_broker(const Context& context, lifecycle::OpenHome& open, pki::Issuer& issuer,
                  const RenewOptions& options) {
    const auto old =
        pki::parse_certificate_pem(read_text(broker::Files(open.home().broker()).certificate)).info.not_after;
    const auto made = options.new_key
                          ? lifecycle::replace_broker_key(open, issuer)
                          : lifecycle::reissue_broker(open, issuer, lifecycle::hosts_of(open.settings()));
    std::string more = made.told ? "\nThe running broker serves it already; nobody was disconnected."
                                 : "\nNo `countersign broker` is running: the next one serves it. A "
                                   "Mosquitto of your own: systemctl reload mosquitto";
    if (options.new_key) {
        more += fmt::format(
            "\nWhoever has read the old key can pose as the broker until {}, to devices led "
            "astray; only a new root ends that sooner:  countersign rollover root start",
            format_date(old));
    }
    report_own(context, options, made.info, more);
}

void renew_own(const Context& context, lifecycle::OpenHome& open, Role role, const RenewOptions& options) {
    lifecycle::IssuingAuthority authority(open.home(), authority_passphrase(context, open.settings()),
                                          context.clock());
    auto& issuer = authority.issuer();
    if (role == Role::broker) return renew_broker(context, open, issuer, options);
    const auto info = options.new_key ? lifecycle::replace_client_key(open, issuer, role)
                                      : lifecycle::renew_client(open, issuer, role);
    report_own(context, options, info,
               options.new_key ? " Its earlier certificates are revoked." : " The earlier one is retired.");
}

void renew(const Context& context, const RenewOptions& options) {
    const lifecycle::Home home(context.home_path());
    std::optional<registry::Certificate> before;
    {
        lifecycle::OpenHome open(home, context.clock());
        if (const auto role = own_role(open, options.name)) return renew_own(context, open, *role, options);
        if (options.new_key) {
            throw Error(Code::Usage, "A device makes a new key at each renewal.", "countersign renew NAME");
        }
        open.registry().ask_renewal(options.name);
        before = active_certificate(open.registry(), options.name);
    }
    const bool running = responder_runs(home);
    if (running)
        context.note(fmt::format("Asked {} to renew; waiting up to {} s.", options.name, options.wait));
    const auto after =
        running ? wait_for_successor(context, home, options, before->fingerprint) : std::nullopt;
    if (!after) {
        context.report(later_sentence(options.name, running),
                       {{"name", options.name}, {"renewed", false}, {"responder", running}});
        return;
    }
    context.report(fmt::format("{} has renewed: valid to {}; the old certificate is retired.", options.name,
                               format_time(after->not_after)),
                   {{"name", options.name},
                    {"renewed", true},
                    {"serial", after->serial},
                    {"not_after", format_time(after->not_after)}});
}

}  // namespace

void add_renew(const Command& app, Context& context) {
    const Command command =
        app.subcommand("renew", "Ask a device to renew now (they also do it by themselves)");
    command.examples(
        "  countersign renew user1\n"
        "  countersign renew user1 --wait 0\n"
        "  countersign renew broker --new-key      (or operator, responder: the host's own)");
    auto options = std::make_shared<RenewOptions>();
    command.option("NAME", options->name, "The device, or broker, operator, responder").required();
    command.flag("--new-key", options->new_key,
                 "For the host's own: somebody else may have read the key it has");
    command.option("--wait", options->wait, "Seconds to watch for it").range(0, 86'400).show_default();
    command.action([&context, options] { renew(context, *options); });
}

}  // namespace countersign::cli
