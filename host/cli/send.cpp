// `countersign send NAME SUBTOPIC MESSAGE`: a command to one device.
#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>

#include "core/identity/name.h"
#include "host/base/error.h"
#include "host/cli/broker_proof.h"
#include "host/cli/commands.h"
#include "host/cli/operator_connection.h"
#include "host/registry/registry.h"
#include "host/transport/client.h"

namespace countersign::cli {
namespace {

struct SendOptions {
    std::string name, subtopic, message, host;
    bool retain = false;
};

constexpr std::chrono::seconds kDeadline{5};

// A topic of no device takes every message and says nothing. An operator's own computer has no registry.
void require_known(const Context& context, const lifecycle::Home& home, const std::string& name) {
    if (!std::filesystem::exists(home.registry())) return;
    const auto registry = registry::Registry::open(home.registry(), context.clock());
    const auto device = registry.find_device(name);
    if (device && device->name == name && device->role == Role::device) return;
    if (device && device->role != Role::device) {
        throw Error(Code::NameUnknown,
                    fmt::format("{} is no device but an {}.", name, to_string(device->role)));
    }
    throw Error(Code::NameUnknown, device ? fmt::format("No device is named {}; {} is.", name, device->name)
                                          : fmt::format("No device is named {}.", name));
}

// Whether it is connected now; nothing when the broker has no plugin of ours to ask.
std::optional<bool> is_connected(const lifecycle::Home& home, const SendOptions& wanted) {
    try {
        return !ask_broker(operator_connection(home, wanted.host, "look"), wanted.name, {}, kDeadline)
                    .live.empty();
    } catch (const Error&) {
        return std::nullopt;
    }
}

void send(const Context& context, const SendOptions& wanted) {
    if (!is_valid_name(wanted.name)) throw Error(Code::NameInvalid);
    const lifecycle::Home home(context.home_path());
    require_known(context, home, wanted.name);
    const std::string topic = fmt::format("devices/{}/{}", wanted.name, wanted.subtopic);
    transport::publish_once(operator_connection(home, wanted.host, "send"), topic, wanted.message,
                            transport::Qos::at_least_once, wanted.retain, kDeadline);
    const auto connected = is_connected(home, wanted);
    std::string sentence = fmt::format("Sent to {}; the broker has it.", topic);
    if (connected && !*connected) {
        sentence +=
            fmt::format(" {} is not connected: it gets this when it connects{}.", wanted.name,
                        wanted.retain ? "" : ", if it has been connected before; --retain is for sure");
    }
    Json answer{{"topic", topic}};
    if (connected) answer["connected"] = *connected;
    context.report(sentence, answer);
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
