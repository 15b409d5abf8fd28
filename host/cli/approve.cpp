// `countersign approve NAME [KEY]`: the nod that a birth certificate may need, and the word on which of two
// devices is the genuine one.
#include <fmt/format.h>

#include <memory>

#include "host/cli/commands.h"
#include "host/lifecycle/approval.h"
#include "host/lifecycle/open_home.h"
#include "host/pki/certificate.h"

namespace countersign::cli {
namespace {

void approve(const Context& context, const std::string& name, const std::string& key) {
    lifecycle::OpenHome open(lifecycle::Home(context.home_path()), context.clock());
    const auto approval = lifecycle::approve(open.registry(), name, key);
    const auto& chosen = approval.request;
    const auto hex = pki::to_hex(chosen.key);
    std::string said;
    if (chosen.request.empty()) {
        said = fmt::format("{} is the device with the key {}, whose certificate goes on.", chosen.name,
                           hex.substr(0, 16));
    } else {
        said = fmt::format(
            "Approved a new certificate for {}, for the key {} and no other. The responder sends it at once, "
            "or when it runs.",
            chosen.name, hex.substr(0, 16));
    }
    if (approval.decided) {
        said += fmt::format(" The copy still has the old keys: countersign load {} --replace ends that.",
                            chosen.name);
    }
    context.report(said, {{"name", chosen.name}, {"key", hex}, {"decided", approval.decided}});
}

}  // namespace

void add_approve(const Command& app, Context& context) {
    const Command command =
        app.subcommand("approve", "Let a device that slept too long renew; say which of two is it");
    command.examples(
        "  countersign renewals\n"
        "  countersign approve user1\n"
        "  countersign approve user1 5a7a78cca4a0f420    the key, where several wait");
    auto name = std::make_shared<std::string>();
    command.option("NAME", *name, "The device").required();
    auto key = std::make_shared<std::string>();
    command.option("KEY", *key, "The device's key, as countersign renewals shows it");
    command.action([&context, name, key] { approve(context, *name, *key); });
}

}  // namespace countersign::cli
