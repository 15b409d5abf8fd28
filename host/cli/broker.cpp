// `countersign broker`: Mosquitto in the foreground, with this home's configuration.
#include <fmt/format.h>

#include <memory>

#include "host/base/error.h"
#include "host/base/files.h"
#include "host/broker/ca_folder.h"
#include "host/broker/config.h"
#include "host/broker/own_lines.h"
#include "host/broker/ownership.h"
#include "host/broker/supervisor.h"
#include "host/cli/commands.h"
#include "host/cli/interrupt.h"
#include "host/lifecycle/access.h"
#include "host/lifecycle/first_use.h"
#include "host/lifecycle/open_home.h"

namespace countersign::cli {
namespace {

constexpr std::chrono::seconds kLockWait{20};  // a command that was under way when this machine started

struct BrokerOptions {
    std::string address;
    bool print_config = false;
};

broker::Settings broker_settings(const Context& context, const lifecycle::Home& home,
                                 const BrokerOptions& options) {
    const auto settings = lifecycle::load_settings(home);
    return {home.broker(),         settings.port,   options.address,
            broker::broker_user(), context.verbose, settings.former_ports};
}

void print_config(const Context& context, const BrokerOptions& options) {
    const lifecycle::Home home(context.home_path());
    const auto settings = broker_settings(context, home, options);
    broker::place_plugin(settings.folder);
    broker::hand_over(settings.folder);
    broker::place_cas(settings.folder);
    fmt::print(
        "# For a Mosquitto of your own: copy this into its conf.d/countersign.conf as it stands. Its user "
        "must be\n"
        "# able to read the files named here and enter their folders; the key belongs to that user alone. "
        "Give it\n"
        "# `persistence true`: sessions are kept over a restart.\n"
        "# Every listener of that Mosquitto asks the plugin, which lets in nobody without a certificate of "
        "this\n"
        "# authority: another listener (a plain 1883, say) is shut by it. Run countersign broker beside it "
        "then,\n"
        "# on a port of its own: countersign hosts port N\n"
        "# `countersign issue`, `renew` and `revoke` change the admission file, which the plugin follows by "
        "itself;\n"
        "# after an operator or a host was added: systemctl reload mosquitto\n"
        "{}",
        broker::mosquitto_part(settings));
}

// What a killed command left is finished and published before anybody connects.
void prepare(const Context& context, const lifecycle::Home& home, const broker::Settings& settings) {
    lifecycle::OpenHome open(home, context.clock(), kLockWait);
    // Root's own after a restored backup: what is written next is to be the broker's group's.
    broker::hand_over(settings.folder);
    const broker::OwnFiles own(settings.folder);
    make_folder(own.config, kPublicFolder);
    broker::check_own_config(settings.folder);
    open.publish_anew();
    lifecycle::write_access_list(home, open.registry());
    const broker::Files files(settings.folder);
    broker::write_generated(files.config, broker::mosquitto_config(settings), kPublicFile);
    std::filesystem::remove(files.old_crl);  // the configuration before this one named it
}

void run_broker(const Context& context, const BrokerOptions& options) {
    const lifecycle::Home home(context.home_path());
    const auto settings = broker_settings(context, home, options);
    prepare(context, home, settings);
    for (const auto& file : broker::edited_files(settings.folder)) {
        context.note(
            fmt::format("A file that was edited by hand was overwritten; it is kept as {}. Lines of your own "
                        "belong in broker.d/NAME.conf and acl.local beside it.",
                        file.string()));
    }
    broker::Supervisor mosquitto(settings, [&](std::string_view line) { context.log(line); });
    lifecycle::FirstUse first_use(home, context.clock());
    mosquitto.on_admitted([&](const broker::Admission& admission) {
        first_use.admitted(admission.username, admission.serial);
    });
    const Interrupt interrupt;
    mosquitto.start();
    context.note(fmt::format("Mosquitto listens on port {}; only devices of {} get in. Ctrl-C stops it.",
                             settings.port, home.root().string()));
    while (!interrupt.seen()) {
        mosquitto.pump(std::chrono::milliseconds(200));
        for (const auto& name : first_use.settle()) {
            context.note(
                fmt::format("          {} uses its newest certificate now; older ones are retired", name));
        }
    }
    mosquitto.stop();
    context.report("Stopped; what was kept for absent devices is saved.", {{"stopped", true}});
}

}  // namespace

void add_broker(const Command& app, Context& context) {
    const Command command = app.subcommand("broker", "Run Mosquitto with this home's configuration");
    command.examples(
        "  countersign broker\n"
        "  countersign broker --address 127.0.0.1\n"
        "  countersign broker --print-config");
    auto options = std::make_shared<BrokerOptions>();
    command.option("--address", options->address, "Listen here only; else on every address").type_name("IP");
    command.flag("--print-config", options->print_config,
                 "Only show the configuration, for your own Mosquitto");
    command.action([&context, options] {
        if (options->print_config) return print_config(context, *options);
        context.never_wait_for_readers();
        run_broker(context, *options);
    });
}

}  // namespace countersign::cli
