// `countersign clock`: whether this computer's clock is believed, and the word that it is right.
#include <fmt/format.h>

#include <memory>

#include "host/base/error.h"
#include "host/cli/commands.h"
#include "host/lifecycle/open_home.h"
#include "host/lifecycle/plausible_clock.h"

namespace countersign::cli {
namespace {

void accept(const Context& context) {
    lifecycle::OpenHome open(lifecycle::Home(context.home_path()), context.clock());
    lifecycle::accept_clock(open.registry());
    const auto now = format_time(context.clock().now());
    context.report(fmt::format("{} is the right time from here on.", now),
                   {{"now", now}, {"accepted", true}});
}

void look(const Context& context) {
    const lifecycle::Home home(context.home_path());
    home.require_initialised();
    const auto registry = registry::Registry::open(home.registry(), context.clock());
    const auto now = context.clock().now();
    lifecycle::check_clock(registry, now, lifecycle::kFarAheadOfSigner);
    context.report(fmt::format("This computer's clock says {}, which fits.", format_time(now)),
                   {{"now", format_time(now)}, {"accepted", false}});
}

}  // namespace

void add_clock(const Command& app, Context& context) {
    const Command command =
        app.subcommand("clock", "Is this computer's clock believed? Say that it is right");
    command.examples(
        "  countersign clock\n"
        "  countersign clock --accept       it is right, though the last certificate is of another time");
    auto insist = std::make_shared<bool>(false);
    command.flag("--accept", *insist, "The clock is right as it is now");
    command.action([&context, insist] { *insist ? accept(context) : look(context); });
}

}  // namespace countersign::cli
