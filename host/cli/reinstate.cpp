// `countersign reinstate NAME`: a held device may connect again.
#include <memory>

#include "host/cli/commands.h"
#include "host/cli/condemn.h"

namespace countersign::cli {
namespace {

struct ReinstateOptions {
    std::string name, host;
};

void reinstate(const Context& context, const ReinstateOptions& options) {
    condemn(context, {options.name, options.host, "Reinstated", "",
                      [&](lifecycle::OpenHome& open) { return lifecycle::reinstate(open, options.name); }});
}

}  // namespace

void add_reinstate(const Command& app, Context& context) {
    const Command command = app.subcommand("reinstate", "Let a held device in again");
    command.examples("  countersign reinstate user1");
    auto options = std::make_shared<ReinstateOptions>();
    command.option("NAME", options->name, "The device").required();
    command.option("--host", options->host, "The broker's address: this one only, not those of `hosts list`");
    command.action([&context, options] { reinstate(context, *options); });
}

}  // namespace countersign::cli
