// `countersign renew NAME`: asks a device to renew now, and watches whether it does.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <thread>

#include "core/identity/name.h"
#include "host/base/error.h"
#include "host/base/files.h"
#include "host/broker/config.h"
#include "host/cli/commands.h"
#include "host/cli/interrupt.h"
#include "host/cli/options.h"
#include "host/cli/services.h"
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

// Why it has not renewed, as far as can be seen from here.
struct Standing {
    bool responder = false;         // one runs here
    bool issued = false;            // its new certificate has been made
    std::optional<bool> connected;  // nothing: the broker could not be asked
    std::string fault;              // why not
};

bool has_issued(const registry::Registry& registry, std::string_view name) {
    const auto all = registry.certificates_of(name);
    return std::ranges::any_of(all, [](const registry::Certificate& one) {
        return one.role == Role::device && one.origin == registry::Origin::renewal &&
               one.state == CertificateState::pending;
    });
}

Standing standing_of(const Context& context, const lifecycle::Home& home, const std::string& name) {
    Standing standing;
    standing.responder = is_locked(home.responder_lock());
    standing.issued = has_issued(registry::Registry::open(home.registry(), context.clock()), name);
    try {
        standing.connected = !sessions_of(home, name).live.empty();
    } catch (const Error& error) {
        standing.fault = error.what();
    }
    return standing;
}

std::string in_words(const std::string& name, const Standing& standing) {
    std::string text;
    if (!standing.connected) {
        text =
            fmt::format("{} has been asked; whether it is connected is not known: {}", name, standing.fault);
    } else if (!*standing.connected) {
        text = fmt::format("{} is not connected; it has been asked and will renew when it comes.", name);
    } else if (standing.issued) {
        text = fmt::format("{} is connected; its new certificate is made, and it has not used it yet.", name);
    } else {
        text = fmt::format(
            "{} is connected and has been asked, but no answer of it has come yet; the request "
            "stands. What it does about it its own log says.",
            name);
    }
    if (!standing.responder) text += " No responder runs here to tell it: countersign up";
    return text;
}

void report_later(const Context& context, const RenewOptions& options, const Standing& standing,
                  const std::optional<Seconds>& asked_before) {
    Json json{{"name", options.name},
              {"renewed", false},
              {"responder", standing.responder},
              {"issued", standing.issued}};
    if (standing.connected) json["connected"] = *standing.connected;
    if (asked_before) json["asked_before"] = format_time(*asked_before);
    context.report(in_words(options.name, standing), json);
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
    lifecycle::IssuingAuthority authority(open.home(), authority_passphrase(context, open), context.clock());
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
    std::optional<Seconds> asked_before;
    {
        lifecycle::OpenHome open(home, context.clock());
        if (const auto role = own_role(open, options.name)) return renew_own(context, open, *role, options);
        if (options.new_key) {
            throw Error(Code::Usage, "A device makes a new key at each renewal.", "countersign renew NAME");
        }
        asked_before = open.registry().ask_renewal(options.name);
        before = active_certificate(open.registry(), options.name);
    }
    const bool running = is_locked(home.responder_lock());
    if (asked_before) {
        context.note(fmt::format("{} was asked at {} already, and has not renewed since: the request stands.",
                                 options.name, format_time(*asked_before)));
    }
    if (running) {
        context.note(asked_before
                         ? fmt::format("Waiting for it, up to {} s.", options.wait)
                         : fmt::format("Asked {} to renew; waiting up to {} s.", options.name, options.wait));
    }
    const auto after =
        running ? wait_for_successor(context, home, options, before->fingerprint) : std::nullopt;
    if (!after) return report_later(context, options, standing_of(context, home, options.name), asked_before);
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
