// `countersign watch [TOPIC]`: what devices say.
#include <fmt/format.h>

#include <asio/signal_set.hpp>
#include <csignal>
#include <limits>
#include <memory>

#include "host/base/error.h"
#include "host/base/printable.h"
#include "host/cli/commands.h"
#include "host/cli/operator_connection.h"
#include "host/transport/client.h"

namespace countersign::cli {
namespace {

struct WatchOptions {
    std::string topic = "devices/#";
    std::string host;
    std::int64_t count = 0;  // 0: until Ctrl-C
};

void print_message(const Context& context, const transport::Received& message) {
    const auto time = format_time(context.clock().now());
    if (context.json) {
        const Json line{{"time", time},
                        {"topic", message.topic},
                        {"payload", message.payload},
                        {"qos", static_cast<int>(message.qos)},
                        {"retained", message.retained}};
        fmt::print("{}\n", as_text(line));
    } else {
        fmt::print("{}  {:<32} {}{}\n", time.substr(11, 8), one_line(message.topic),
                   one_line(message.payload), message.retained ? "  (retained)" : "");
    }
    std::fflush(stdout);
}

void print_state(const Context& context, const transport::State& state) {
    if (context.json) return;
    if (state.phase == transport::Phase::connected) {
        fmt::print(stderr, "Connected to {}:{} as the operator. Ctrl-C ends.\n", state.host, state.port);
    } else if (state.phase == transport::Phase::waiting && state.error) {
        fmt::print(stderr, "{} Trying again in {:.1f} s.\n", state.error->detail(),
                   static_cast<double>(state.retry_in.count()) / 1000.0);
    }
}

void watch(const Context& context, const WatchOptions& wanted) {
    const lifecycle::Home home(context.home_path());
    asio::io_context io;
    transport::Client client(io, operator_connection(home, wanted.host, "watch"));
    std::optional<FollowSettings> follow;
    if (wanted.host.empty()) follow.emplace(io, home, client);
    std::optional<Error> failure;
    std::int64_t seen = 0;
    client.on_message([&](const transport::Received& message) {
        if (wanted.count != 0 && seen == wanted.count) return;
        print_message(context, message);
        if (++seen == wanted.count) client.stop();
    });
    asio::signal_set interrupts(io, SIGINT, SIGTERM);
    client.on_state([&](const transport::State& state) {
        print_state(context, state);
        if (state.phase != transport::Phase::stopped) return;
        if (state.error) failure = state.error;
        interrupts.cancel();
        if (follow) follow->stop();
    });
    interrupts.async_wait([&](const std::error_code& error, int) {
        if (!error) client.stop();
    });
    client.subscribe(wanted.topic, transport::Qos::at_least_once, [&](const std::optional<Error>& error) {
        if (!error) return;
        client.stop();
        if (!failure) failure = error;
    });
    client.start();
    io.run();
    if (failure) throw Error(*failure);
}

}  // namespace

void add_watch(const Command& app, Context& context) {
    const Command command = app.subcommand("watch", "Show what devices say");
    command.examples(
        "  countersign watch\n"
        "  countersign watch devices/kitchen-1/#\n"
        "  countersign --json watch -n 10");
    auto options = std::make_shared<WatchOptions>();
    command.option("TOPIC", options->topic, "An MQTT topic filter").show_default();
    command.option("--host", options->host, "The broker's address: this one only, not those of `hosts list`");
    command.option("-n,--count", options->count, "End after so many messages")
        .range(0, std::numeric_limits<std::int64_t>::max());
    command.action([&context, options] { watch(context, *options); });
}

}  // namespace countersign::cli
