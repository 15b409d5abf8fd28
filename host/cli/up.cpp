// `countersign up`: broker, signer and responder in one foreground process, each restarted when it dies.
#include <fmt/format.h>
#include <poll.h>

#include <filesystem>
#include <memory>

#include "host/base/printable.h"
#include "host/base/service.h"
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

struct Part {
    std::string_view name;
    Service service;
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
        add("broker", base,
            options.address.empty() ? std::vector<std::string>{"broker"}
                                    : std::vector<std::string>{"broker", "--address", options.address});
        add("signer", base, {"signer", "--passphrase-file", passphrase.path()}, {passphrase.descriptor()});
        add("responder", base, {"responder"});
    }

    // One look at each; says how they stand when that has changed.
    void turn() {
        bool changed = false;
        for (auto& part : parts_) changed = part->service.turn(steady_clock::now()) || changed;
        if (changed) context_.note(standing());
    }

    // Until one of them prints something, or for a moment.
    void wait() const {
        std::vector<pollfd> waits;
        for (const auto& part : parts_) waits.push_back({part->service.output(), POLLIN, 0});
        ::poll(waits.data(), waits.size(), static_cast<int>(kTurn.count()));
    }

    void stop() {
        for (auto part = parts_.rbegin(); part != parts_.rend(); ++part) (*part)->service.stop(kGrace);
    }

  private:
    void add(std::string_view name, std::vector<std::string> argv, const std::vector<std::string>& command,
             std::vector<int> handed_on = {}) {
        argv.insert(argv.end(), command.begin(), command.end());
        const auto say = [name](std::string_view line) {
            fmt::print("{:9} | {}\n", name, one_line(line));
            std::fflush(stdout);
        };
        parts_.push_back(
            std::make_unique<Part>(Part{name, Service(std::move(argv), say, std::move(handed_on))}));
    }

    [[nodiscard]] std::string standing() const {
        std::string text = "up        | ";
        for (const auto& part : parts_) {
            if (part != parts_.front()) text += " · ";
            text += part->name;
            if (part->service.running()) {
                text += part->service.starts() > 1
                            ? fmt::format(" running again (start {})", part->service.starts())
                            : " running";
            } else {
                text +=
                    fmt::format(" ended with {}, started again soon", part->service.exit_code().value_or(0));
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

void run_up(const Context& context, const Options& options) {
    const lifecycle::Home home(context.home_path());
    home.require_initialised();
    if (options.print_systemd) {
        fmt::print("{}", systemd_units(own_program(), home.root()));
        return;
    }
    const loader::MemoryFile passphrase(proven_passphrase(context, home));
    Parts parts(context, home, options, passphrase);
    const Interrupt interrupt;
    while (!interrupt.seen()) {
        parts.turn();
        parts.wait();
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
