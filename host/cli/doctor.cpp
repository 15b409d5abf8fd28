// `countersign doctor`: is everything as it should be?
#include "host/lifecycle/doctor.h"

#include <fmt/format.h>

#include "host/cli/commands.h"

namespace countersign::cli {
namespace {

void doctor(Context& context) {
    std::size_t complaints = 0;
    Json parts = Json::array();
    for (const auto& part : lifecycle::examine(lifecycle::Home(context.home_path()), context.clock())) {
        Json found = Json::array();
        for (const auto& error : part.complaints) {
            context.note(fmt::format("{:<12} !!! {}", part.part, error.what()));
            found.push_back({{"code", error.code()}, {"what", error.detail()}, {"cure", error.cure()}});
        }
        if (part.complaints.empty()) context.note(fmt::format("{:<12} ok: {}.", part.part, part.good));
        complaints += part.complaints.size();
        parts.push_back({{"part", part.part}, {"complaints", found}});
    }
    context.failed = complaints != 0;
    context.report(complaints == 0 ? "All is well." : fmt::format("{} to look after.", complaints),
                   {{"complaints", complaints}, {"parts", parts}});
}

}  // namespace

void add_doctor(const Command& app, Context& context) {
    const Command command = app.subcommand("doctor", "Look everything over; change nothing");
    command.examples(
        "  countersign doctor\n"
        "  countersign --json doctor      (for a monitor; exit code 1 when something is to be looked after)");
    command.action([&context] { doctor(context); });
}

}  // namespace countersign::cli
