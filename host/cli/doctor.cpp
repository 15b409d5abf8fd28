// `countersign doctor`: is everything as it should be?
#include "host/lifecycle/doctor.h"

#include <fmt/format.h>

#include <memory>

#include "host/cli/commands.h"
#include "host/cli/services.h"

namespace countersign::cli {
namespace {

struct DoctorOptions {
    bool files_only = false;
};

void doctor(Context& context, const DoctorOptions& options) {
    const lifecycle::Home home(context.home_path());
    auto all = lifecycle::examine(home, context.clock());
    if (!options.files_only) all.push_back(examine_services(home));
    std::size_t complaints = 0;
    Json parts = Json::array();
    for (const auto& part : all) {
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
    const std::string_view good = options.files_only ? "All files are well." : "All is well.";
    context.report(complaints == 0 ? std::string(good) : fmt::format("{} to look after.", complaints),
                   {{"complaints", complaints}, {"parts", parts}});
}

}  // namespace

void add_doctor(const Command& app, Context& context) {
    const Command command = app.subcommand("doctor", "Look everything over; change nothing");
    command.examples(
        "  countersign doctor\n"
        "  countersign --home DIR doctor --files      a backup, restored to see whether it can be\n"
        "  countersign --json doctor      (for a monitor; exit code 1 when something is to be looked after)");
    auto options = std::make_shared<DoctorOptions>();
    command.flag("--files", options->files_only, "Look at the files only, not at what runs");
    command.action([&context, options] { doctor(context, *options); });
}

}  // namespace countersign::cli
