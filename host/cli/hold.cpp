// `countersign hold NAME`: every certificate of the device is out until `reinstate`.
#include <algorithm>
#include <memory>

#include "host/base/error.h"
#include "host/cli/commands.h"
#include "host/cli/condemn.h"

namespace countersign::cli {
namespace {

struct HoldOptions {
    std::string name, host, reason;
};

constexpr std::size_t kMaxReason = 200;

void hold(const Context& context, const HoldOptions& options) {
    const bool odd = std::any_of(options.reason.begin(), options.reason.end(),
                                 [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
    if (odd || options.reason.size() > kMaxReason) {
        throw Error(Code::Usage, "A reason is one line of at most 200 bytes.",
                    "--reason \"lost in transit\"");
    }
    condemn(context, {options.name, options.host, "Held", "was held before", [&](lifecycle::OpenHome& open) {
                          return lifecycle::hold(open, options.name, options.reason);
                      }});
}

}  // namespace

void add_hold(const Command& app, Context& context) {
    const Command command = app.subcommand("hold", "Keep a device out until it is reinstated");
    command.examples(
        "  countersign hold user1 --reason \"lost in transit\"\n"
        "  countersign reinstate user1");
    auto options = std::make_shared<HoldOptions>();
    command.option("NAME", options->name, "The device").required();
    command.option("--reason", options->reason, "A note for people, kept with the event");
    command.option("--host", options->host, "The broker's address: this one only, not those of `hosts list`");
    command.action([&context, options] { hold(context, *options); });
}

}  // namespace countersign::cli
