// `countersign approve NAME`: the nod that a birth certificate may need.
#include <fmt/format.h>

#include <memory>

#include "host/cli/commands.h"
#include "host/lifecycle/open_home.h"
#include "host/pki/certificate.h"

namespace countersign::cli {
namespace {

void approve(const Context& context, const std::string& name) {
    lifecycle::OpenHome open(lifecycle::Home(context.home_path()), context.clock());
    open.registry().approve(name);
    const auto waiting = open.registry().find_waiting(name);
    const auto key = pki::to_hex(waiting->key);
    context.report(
        fmt::format("Approved a new certificate for {}, for the key {} and no other. The responder "
                    "sends it at once, or when it runs.",
                    waiting->name, key.substr(0, 16)),
        {{"name", waiting->name}, {"key", key}});
}

}  // namespace

void add_approve(const Command& app, Context& context) {
    const Command command = app.subcommand("approve", "Let a device that slept too long renew");
    command.examples("  countersign renewals\n  countersign approve user1");
    auto name = std::make_shared<std::string>();
    command.option("NAME", *name, "The device").required();
    command.action([&context, name] { approve(context, *name); });
}

}  // namespace countersign::cli
