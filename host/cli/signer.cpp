// `countersign signer`: the issuing key in a process of its own, without a network.
#include <fmt/format.h>

#include <memory>

#include "host/base/error.h"
#include "host/base/files.h"
#include "host/cli/commands.h"
#include "host/cli/interrupt.h"
#include "host/cli/options.h"
#include "host/lifecycle/authority_store.h"
#include "host/lifecycle/broker_list.h"
#include "host/lifecycle/crl_publication.h"
#include "host/lifecycle/host_identities.h"
#include "host/lifecycle/plausible_clock.h"
#include "host/lifecycle/signer_policy.h"
#include "host/lifecycle/signer_service.h"

namespace countersign::cli {
namespace {

constexpr std::chrono::milliseconds kTurn{500};
constexpr std::chrono::hours kBetweenCrlLooks{1};

// The list is signed here, where the key is. False: somebody holds the home, who may be waiting for this very
// signer.
bool refresh_revocation_list(const Context& context, const lifecycle::Home& home,
                             lifecycle::IssuingAuthority& authority) {
    try {
        lifecycle::OpenHome open(home, context.clock(), std::chrono::milliseconds(0));
        lifecycle::note_clock(open.registry(), context.clock().now());
        const auto made = lifecycle::refresh_crl(open, authority.authority(), authority.signer());
        if (made) {
            context.note(fmt::format("Signed revocation list {}, good until {}.", made->number,
                                     format_date(made->next_update)));
        }
    } catch (const Error& error) {
        if (error.id() == Code::HomeBusy) return false;
        context.note(error.what());  // an hour later, then: weeks are left
    }
    return true;
}

// Each time the list has changed, or the CA: boards that know only this one's key must be able to read it.
void refresh_brokers(const Context& context, const lifecycle::Home& home,
                     lifecycle::IssuingAuthority& authority) {
    try {
        if (lifecycle::broker_list_is_current(home, lifecycle::load_settings(home), authority.authority())) {
            return;
        }
        // No waiting: whoever has the home's lock may be waiting for us.
        const lifecycle::OpenHome open(home, context.clock(), std::chrono::milliseconds(0));
        lifecycle::refresh_broker_list(home, open.settings(), authority.authority(), authority.signer());
    } catch (const Error& error) {
        if (error.id() != Code::HomeBusy) context.note(error.what());
    }
}

// Whether a rollover has replaced the CA whose key this process holds.
bool is_superseded(const lifecycle::Home& home, const pki::Authority& authority) {
    return read_text(home.issuing_certificate()) != pki::to_pem(authority.issuing());
}

// Until Ctrl-C, or until another issuing CA is to be served.
void serve(const Context& context, const lifecycle::Home& home, const Secret& passphrase,
           const Interrupt& interrupt) {
    // Opened first: a rollover that was cut short is finished before the key is read.
    auto open = std::make_unique<lifecycle::OpenHome>(home, context.clock(), std::chrono::seconds(30));
    lifecycle::IssuingAuthority authority(home, passphrase, context.clock(), lifecycle::ClockCheck::later);
    if (lifecycle::ensure_responder(*open, authority.issuer()))
        context.note("Made the responder's identity.");
    lifecycle::ensure_signer_policy(*open);
    open.reset();
    const auto registry = registry::Registry::open(home.registry(), context.clock());
    lifecycle::SigningDesk desk(
        registry, authority.authority(), authority.signer(), context.clock(),
        [&home] { return lifecycle::load_settings(home); },
        [&home] { return lifecycle::load_signer_policy(home); },
        lifecycle::load_ancestors(home, lifecycle::load_signer_policy(home)));
    lifecycle::SignerService service(home.signer_socket(), desk, [&context](std::string_view line) {
        context.note(fmt::format("{}  {}", format_time(context.clock().now()).substr(11, 8), line));
    });
    context.note(
        fmt::format("The signer is ready at {}; it signs what registry and policy allow. Ctrl-C stops it.",
                    home.signer_socket().string()));
    auto next_look = std::chrono::steady_clock::now();
    while (!interrupt.seen() && !is_superseded(home, authority.authority())) {
        if (std::chrono::steady_clock::now() >= next_look) {
            const bool done = refresh_revocation_list(context, home, authority);
            next_look = std::chrono::steady_clock::now() + (done ? kBetweenCrlLooks : kTurn);
        }
        refresh_brokers(context, home, authority);
        service.turn(kTurn);
    }
}

void run_signer(const Context& context) {
    const lifecycle::Home home(context.home_path());
    const Secret passphrase = authority_passphrase(context, lifecycle::load_settings(home));
    const Interrupt interrupt;
    while (!interrupt.seen()) serve(context, home, passphrase, interrupt);
    context.report("Stopped.", {{"stopped", true}});
}

}  // namespace

void add_signer(const Command& app, Context& context) {
    const Command command =
        app.subcommand("signer", "Hold the issuing key and sign what the responder asks for");
    command.examples(
        "  countersign signer\n"
        "  countersign --passphrase-file FILE signer");
    command.action([&context] {
        context.never_wait_for_readers();
        run_signer(context);
    });
}

}  // namespace countersign::cli
