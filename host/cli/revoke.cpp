// `countersign revoke NAME`: every certificate of the device is out, for good.
#include <fmt/format.h>

#include <memory>

#include "host/base/error.h"
#include "host/cli/commands.h"
#include "host/cli/condemn.h"

namespace countersign::cli {
namespace {

struct RevokeOptions {
    std::string name, host;
    std::string reason = "unspecified";
};

void revoke(const Context& context, const RevokeOptions& options) {
    const auto reason = lifecycle::parse_reason(options.reason);
    if (!reason) {
        throw Error(Code::Usage, fmt::format("\"{}\" is no reason of RFC 5280.", options.reason),
                    "--reason keyCompromise, affiliationChanged, superseded, cessationOfOperation, "
                    "privilegeWithdrawn or unspecified");
    }
    condemn(
        context,
        {options.name, options.host, "Revoked", "was revoked before",
         [&](lifecycle::OpenHome& open) { return lifecycle::revoke(open, options.name, *reason); }, true});
}

}  // namespace

void add_revoke(const Command& app, Context& context) {
    const Command command = app.subcommand("revoke", "End every certificate of a device, now and for good");
    command.examples(
        "  countersign revoke user1\n"
        "  countersign revoke user1 --reason keyCompromise      it was stolen, or copied\n"
        "  countersign hold user1                                not sure yet: this can be undone");
    auto options = std::make_shared<RevokeOptions>();
    command.option("NAME", options->name, "The device").required();
    command.option("--reason", options->reason,
                   "keyCompromise, affiliationChanged, superseded, cessationOfOperation, "
                   "privilegeWithdrawn or unspecified");
    command.option("--host", options->host, "The broker's address: this one only, not those of `hosts list`");
    command.action([&context, options] { revoke(context, *options); });
}

}  // namespace countersign::cli
