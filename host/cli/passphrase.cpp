// `countersign passphrase`: the authority's keys under another passphrase.
#include "host/lifecycle/passphrase.h"

#include <fmt/format.h>

#include <memory>

#include "host/cli/commands.h"
#include "host/cli/options.h"

namespace countersign::cli {
namespace {

constexpr std::chrono::seconds kLockWait{60};

void change(const Context& context, const std::string& file) {
    lifecycle::OpenHome open(lifecycle::Home(context.home_path()), context.clock());
    const Secret old = authority_passphrase(context, open);
    Secret fresh;
    open.while_unlocked([&] { fresh = context.new_passphrase(file); }, kLockWait);
    const auto changed = lifecycle::change_passphrase(open, old, fresh);
    context.report(
        fmt::format("The authority's keys have the new passphrase.\n"
                    "{}\n"
                    "A running `countersign up` keeps what it was given: start it again before it needs the "
                    "key anew.",
                    changed.root ? "A copy of the root's key that was exported before keeps the old one: "
                                   "countersign root export FILE"
                                 : "The root's key is not here: its copy keeps the passphrase it was "
                                   "exported with, and `rollover` asks for that one."),
        {{"root", changed.root}});
}

}  // namespace

void add_passphrase(const Command& app, Context& context) {
    const Command command = app.subcommand("passphrase", "Change the passphrase of the authority's keys");
    command.examples(
        "  countersign passphrase\n"
        "  countersign passphrase --passphrase-file old --new-passphrase-file new");
    auto file = std::make_shared<std::string>();
    command.option("--new-passphrase-file", *file, "Where the new one is").type_name("FILE");
    command.action([&context, file] { change(context, *file); });
}

}  // namespace countersign::cli
