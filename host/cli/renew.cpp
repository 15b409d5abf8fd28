// `countersign renew NAME`: asks a device to renew now, and watches whether it does.
#include <fmt/format.h>

#include <memory>
#include <thread>

#include "host/base/error.h"
#include "host/cli/commands.h"
#include "host/cli/interrupt.h"
#include "host/lifecycle/open_home.h"

namespace countersign::cli {
namespace {

struct RenewOptions {
    std::string name;
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

void renew(const Context& context, const RenewOptions& options) {
    const lifecycle::Home home(context.home_path());
    std::optional<registry::Certificate> before;
    {
        lifecycle::OpenHome open(home, context.clock());
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
        "  countersign renew user1 --wait 0");
    auto options = std::make_shared<RenewOptions>();
    command.option("NAME", options->name, "The device").required();
    command.option("--wait", options->wait, "Seconds to watch for it").range(0, 86'400).show_default();
    command.action([&context, options] { renew(context, *options); });
}

}  // namespace countersign::cli
