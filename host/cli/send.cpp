// `countersign send NAME SUBTOPIC MESSAGE`: a command to one device.
#include <fmt/format.h>

#include <chrono>
#include <memory>

#include "core/identity/name.h"
#include "host/base/error.h"
#include "host/cli/commands.h"
#include "host/cli/operator_connection.h"
#include "host/transport/client.h"

namespace countersign::cli {
namespace {

struct SendOptions {
    std::string name, subtopic, message, host;
    bool retain = false;
};

constexpr std::chrono::seconds kDeadline{5};

void send(const Context& context, const SendOptions& wanted) {
    if (!is_valid_name(wanted.name)) throw Error(Code::NameInvalid);
    const lifecycle::Home home(context.home_path());
    const std::string topic = fmt::format("devices/{}/{}", wanted.name, wanted.subtopic);
    transport::publish_once(operator_connection(home, wanted.host, "send"), topic, wanted.message,
                            transport::Qos::at_least_once, wanted.retain, kDeadline);
    context.report(fmt::format("Sent to {}; the broker has it.", topic), {{"topic", topic}});
}

}  // namespace

void add_send(const Command& app, Context& context) {
    const Command command = app.subcommand("send", "Send a message to one device");
    command.examples(
        "  countersign send user1 cmd/led on\n"
        "  countersign send user1 cmd/interval 30 --retain");
    auto options = std::make_shared<SendOptions>();
    command.option("NAME", options->name, "The device").required();
    command.option("SUBTOPIC", options->subtopic, "Below devices/NAME/").required();
    command.option("MESSAGE", options->message, "The payload").required();
    command.option("--host", options->host, "The broker's address: this one only, not those of `hosts list`");
    command.flag("--retain", options->retain, "The broker keeps it for a device that connects later");
    command.action([&context, options] { send(context, *options); });
}

}  // namespace countersign::cli
