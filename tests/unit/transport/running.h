// A context that runs until something has happened: no sleeping.
#pragma once

#include <asio/io_context.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "host/transport/client.h"

namespace countersign::test {

inline constexpr std::chrono::seconds kLimit{30};  // only a failing test ever waits for so long

// False: it has not happened, or never can because nothing is left to do.
template <typename Happened>
[[nodiscard]] bool run_until(asio::io_context& context, Happened happened) {
    const auto deadline = std::chrono::steady_clock::now() + kLimit;
    context.restart();
    while (!happened()) {
        if (context.run_one_until(deadline) == 0) return happened();
    }
    return true;
}

// A client that remembers what it was told.
struct Watched {
    Watched(asio::io_context& io, transport::Options options) : context(io), client(io, std::move(options)) {
        client.on_state([this](const transport::State& state) { states.push_back(state); });
        client.on_message([this](const transport::Received& message) {
            messages.push_back(std::string(message.topic) + " " + std::string(message.payload));
            qos.push_back(message.qos);
            retained.push_back(message.retained);
        });
    }

    [[nodiscard]] bool until(transport::Phase phase) {
        return run_until(context, [this, phase] { return client.state().phase == phase; });
    }
    [[nodiscard]] bool connects() {
        client.start();
        return until(transport::Phase::connected);
    }
    [[nodiscard]] bool subscribes(const std::string& filter, transport::Qos wanted) {
        bool granted = false;
        client.subscribe(filter, wanted, [&](const std::optional<Error>& error) { granted = !error; });
        return run_until(context, [&] { return granted; });
    }
    [[nodiscard]] bool stops() {
        client.stop();
        return until(transport::Phase::stopped);
    }

    asio::io_context& context;
    transport::Client client;
    std::vector<transport::State> states;
    std::vector<std::string> messages;
    std::vector<transport::Qos> qos;
    std::vector<bool> retained;
};

}  // namespace countersign::test
