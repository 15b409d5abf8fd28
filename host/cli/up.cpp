// `countersign up`: broker, signer and responder in one foreground process, each restarted when it dies.
#include <fmt/format.h>
#include <poll.h>

#include <array>
#include <filesystem>
#include <memory>
#include <span>
#include <utility>

#include "host/base/files.h"
#include "host/base/service.h"
#include "host/broker/control.h"
#include "host/cli/commands.h"
#include "host/cli/interrupt.h"
#include "host/cli/systemd_units.h"
#include "host/lifecycle/authority_store.h"
#include "host/lifecycle/home.h"
#include "host/loader/memory_file.h"

namespace countersign::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Mosquitto saves its persistence before it ends.
constexpr milliseconds kGrace = std::chrono::seconds(10);
constexpr milliseconds kTurn{500};

struct Options {
    std::string address;
    bool print_systemd = false;
};

// What somebody must cure before it can go away: said once, instead of tried for ever.
constexpr std::array kLasting{Code::HomeBusy, Code::HomeUnsafe, Code::RegistryNewer, Code::RegistryBroken,
                              Code::PassphraseWrong};
constexpr std::array kLastingOfBroker{
    Code::PortInUse,     Code::HomeBusy,       Code::HomeUnreachable, Code::HomeUnsafe, Code::ToolMissing,
    Code::RegistryNewer, Code::RegistryBroken, Code::OwnLines,        Code::FileRead,   Code::BrokerDied};

// The error that a part of ours has ended with (Error::what(), or its first line), when it is one of these.
std::optional<Error> lasting_fault(std::span<const Code> lasting, std::string_view line) {
    constexpr std::string_view kCure = " Cure: ";
    const auto colon = line.find(": ");
    if (colon == std::string_view::npos) return std::nullopt;
    for (const Code code : lasting) {
        if (catalogue_entry(code).code != line.substr(0, colon)) continue;
        const auto rest = line.substr(colon + 2);
        const auto cure = rest.rfind(kCure);
        if (cure == std::string_view::npos) return Error(code, rest);
        return Error(code, rest.substr(0, cure), rest.substr(cure + kCure.size()));
    }
    return std::nullopt;
}

struct Part {
    std::string_view name, ready;   // what it says once it serves
    std::span<const Code> lasting;  // the faults it does not get over
    std::optional<Service> service;
    bool has_served = false;
    std::optional<Error> fault;  // why it did not get so far
};

std::string own_program() {
    return std::filesystem::read_symlink("/proc/self/exe").string();
}

// Their order is that of starting; they are stopped from the last to the first. Each finds the others again
// by itself, so none waits for another.
class Parts {
  public:
    Parts(const Context& context, const lifecycle::Home& home, const Options& options,
          const loader::MemoryFile& passphrase)
        : context_(context) {
        const std::vector<std::string> base = {own_program(), "--home", home.root().string()};
        add("broker", "Mosquitto listens on port", kLastingOfBroker, base,
            options.address.empty() ? std::vector<std::string>{"broker"}
                                    : std::vector<std::string>{"broker", "--address", options.address});
        add("signer", "is ready", kLasting, base, {"signer", "--passphrase-file", passphrase.path()},
            {passphrase.descriptor()});
        add("responder", "connected to", kLasting, base, {"responder"});
    }

    // One look at each; says how they stand when that has changed. Throws what keeps a part from serving at
    // all; one that has served is started again, whatever ended it.
    void turn() {
        bool changed = false;
        for (auto& part : parts_) changed = part->service->turn(steady_clock::now()) || changed;
        for (const auto& part : parts_) {
            if (!part->service->running() && part->fault) throw Error(*part->fault);
        }
        if (changed) context_.note(standing());
    }

    // Until one of them prints something, or for a moment.
    void wait() const {
        std::vector<pollfd> waits;
        for (const auto& part : parts_) waits.push_back({part->service->output(), POLLIN, 0});
        ::poll(waits.data(), waits.size(), static_cast<int>(kTurn.count()));
    }

    void stop() {
        for (auto part = parts_.rbegin(); part != parts_.rend(); ++part) (*part)->service->stop(kGrace);
    }

  private:
    void add(std::string_view name, std::string_view ready, std::span<const Code> lasting,
             std::vector<std::string> argv, const std::vector<std::string>& command,
             std::vector<int> handed_on = {}) {
        argv.insert(argv.end(), command.begin(), command.end());
        auto& part = *parts_.emplace_back(std::make_unique<Part>(Part{name, ready, lasting, {}, false, {}}));
        part.service.emplace(
            std::move(argv), [this, &part](std::string_view line) { heard(part, line); },
            std::move(handed_on));
    }

    void heard(Part& part, std::string_view line) const {
        if (line.find(part.ready) != std::string_view::npos) part.has_served = true;
        if (!part.has_served) {
            if (auto fault = lasting_fault(part.lasting, line)) {
                part.fault = std::move(fault);
                return;  // said by ourselves
            }
        }
        context_.log(fmt::format("{:9} | {}", part.name, line));
    }

    [[nodiscard]] std::string standing() const {
        std::string text = "up        | ";
        for (const auto& part : parts_) {
            if (part != parts_.front()) text += " · ";
            text += part->name;
            if (part->service->running()) {
                text += part->service->starts() > 1
                            ? fmt::format(" running again (start {})", part->service->starts())
                            : " running";
            } else {
                text +=
                    fmt::format(" ended with {}, started again soon", part->service->exit_code().value_or(0));
            }
        }
        return text;
    }

    const Context& context_;
    std::vector<std::unique_ptr<Part>> parts_;
};

// Asked once, proven at once, and handed on in memory: a wrong one must not show as a signer that keeps
// dying.
Secret proven_passphrase(const Context& context, const lifecycle::Home& home) {
    const auto settings = lifecycle::load_settings(home);
    Secret passphrase = settings.encrypted ? context.passphrase(false) : Secret{};
    const lifecycle::IssuingAuthority proof(home, passphrase, context.clock(), lifecycle::ClockCheck::later);
    return passphrase;
}

// Before the passphrase is asked for.
void require_that_nothing_runs(const lifecycle::Home& home) {
    const std::pair<const char*, bool> parts[] = {{"broker", broker::RunningBroker(home.broker()).running()},
                                                  {"signer", is_locked(home.signer_lock())},
                                                  {"responder", is_locked(home.responder_lock())}};
    for (const auto& [name, runs] : parts) {
        if (!runs) continue;
        throw Error(Code::HomeBusy, fmt::format("A {} of this home runs already.", name),
                    "nothing to do if that is `countersign up` or its systemd units; else stop it first");
    }
}

void run_up(Context& context, const Options& options) {
    const lifecycle::Home home(context.home_path());
    home.require_initialised();
    if (options.print_systemd) {
        fmt::print("{}", systemd_units(own_program(), home.root()));
        return;
    }
    require_that_nothing_runs(home);
    const loader::MemoryFile passphrase(proven_passphrase(context, home));
    context.never_wait_for_readers();
    Parts parts(context, home, options, passphrase);
    const Interrupt interrupt;
    try {
        while (!interrupt.seen()) {
            parts.turn();
            parts.wait();
        }
    } catch (const Error&) {
        parts.stop();
        throw;
    }
    parts.stop();
    context.report("Stopped.", {{"stopped", true}});
}

}  // namespace

void add_up(const Command& app, Context& context) {
    const Command command = app.subcommand("up", "Run everything: broker, signer and responder");
    command.examples(
        "  countersign up\n"
        "  countersign up --passphrase-file FILE\n"
        "  countersign up --print-systemd      units for a machine that runs this for years");
    auto options = std::make_shared<Options>();
    command.option("--address", options->address, "The broker listens here only; else on every address")
        .type_name("IP");
    command.flag("--print-systemd", options->print_systemd, "Only show hardened systemd units");
    command.action([&context, options] { run_up(context, *options); });
}

}  // namespace countersign::cli
