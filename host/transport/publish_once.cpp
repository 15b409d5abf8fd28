#include <algorithm>
#include <asio/steady_timer.hpp>
#include <optional>
#include <utility>

#include "host/transport/client.h"

namespace countersign::transport {

void publish_once(Options options, std::string topic, std::string payload, Qos qos, bool retain,
                  std::chrono::milliseconds deadline) {
    options.give_up_on_permanent = true;
    // Time is left for the next address (Round), and to say that this one was silent.
    options.connect_timeout = std::min(options.connect_timeout, deadline * 3 / 4);
    asio::io_context context;
    Client client(context, std::move(options));
    asio::steady_timer timer(context, deadline);
    std::optional<Error> fault = Error(Code::NotSent);  // what is thrown unless it works

    timer.async_wait([&](const std::error_code& cancelled) {
        if (!cancelled) client.stop();
    });
    client.on_state([&](const State& state) {
        if (state.phase == Phase::waiting || state.phase == Phase::stopped) {
            if (fault && state.error) fault = state.error;
        }
        if (state.phase == Phase::stopped) timer.cancel();
    });
    client.publish(std::move(topic), std::move(payload), qos, retain, [&](const std::optional<Error>& error) {
        // What ended the connection says more than that the message was not sent.
        if (!error || error->id() != Code::NotSent) fault = error;
        client.stop();
    });
    client.start();
    context.run();
    if (fault) throw Error(*fault);
}

}  // namespace countersign::transport
