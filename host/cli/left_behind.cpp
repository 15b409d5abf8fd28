#include "host/cli/left_behind.h"

#include <fmt/format.h>

#include <algorithm>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <functional>
#include <optional>
#include <set>
#include <utility>

#include "core/identity/role.h"
#include "host/base/error.h"
#include "host/broker/control.h"
#include "host/broker/control_topics.h"
#include "host/cli/operator_connection.h"
#include "host/registry/registry.h"
#include "host/transport/client.h"

namespace countersign::cli {
namespace {

using std::chrono::milliseconds;
using transport::Qos;

// A device's quota is far below (host/broker/quotas.cpp); an operator may have retained more.
constexpr std::size_t kMostTopics = 100'000;

// A client, and the deadline for all it does.
class Errand {
  public:
    Errand(transport::Options options, milliseconds deadline)
        : client_(context_, std::move(options)), timer_(context_, deadline) {
        timer_.async_wait([this](const std::error_code& cancelled) {
            if (cancelled) return;
            late_ = true;
            client_.stop();
        });
    }
    // Throws what ended the connection, unless `done` has been called before.
    void run(const std::function<void()>& connected) {
        client_.on_state([&](const transport::State& state) {
            if (state.phase == transport::Phase::connected) connected();
            if (state.phase != transport::Phase::stopped) return;
            fault_ = state.error;
            timer_.cancel();
        });
        client_.start();
        context_.run();
        if (done_) return;
        if (fault_) throw Error(*fault_);
        throw Error(late_ ? Code::BrokerUnreachable : Code::BrokerClosed,
                    "The broker has not answered in time.");
    }
    void done() {
        done_ = true;
        client_.stop();
    }
    [[nodiscard]] transport::Client& client() noexcept { return client_; }

  private:
    asio::io_context context_;
    transport::Client client_;
    asio::steady_timer timer_;
    std::optional<Error> fault_;
    bool done_ = false, late_ = false;
};

// Subscribe; ask the plugin something, whose answer comes after all that is retained; empty each topic; have
// the plugin empty those that an operator may not write.
std::size_t clear_retained(transport::Options options, const std::string& name, milliseconds deadline) {
    options.reconnect = false;
    Errand errand(std::move(options), deadline);
    auto& client = errand.client();
    std::set<std::string> topics;
    std::size_t waiting = 0;
    bool collecting = true;
    const auto ask = [&](const std::string& question) {
        client.publish(broker::kControlTopic, question + name, Qos::at_most_once);
    };
    const auto add = [&](std::string_view topic) {
        if (collecting && topics.size() < kMostTopics) topics.emplace(topic);
    };
    const auto emptied = [&](const std::optional<Error>&) {
        if (--waiting == 0) ask("forget ");
    };
    client.on_oversize([&](std::string_view topic, std::size_t) { add(topic); });
    client.on_message([&](const transport::Received& message) {
        if (message.topic != broker::kResponseTopic) {
            if (message.retained) add(message.topic);
            return;
        }
        if (!collecting) {
            if (message.payload.starts_with("forgotten " + name + "\n")) errand.done();
            return;
        }
        collecting = false;
        waiting = topics.size() + 1;
        for (const auto& topic : topics) client.publish(topic, "", Qos::at_least_once, true, emptied);
        emptied(std::nullopt);
    });
    errand.run([&] {
        client.subscribe("devices/" + name + "/#", Qos::at_most_once,
                         [&](const std::optional<Error>& refused) {
                             if (!refused) ask("sessions ");
                         });
    });
    return topics.size();
}

}  // namespace

// Under its own client id with a clean session, which ends the one that was kept (MQTT 3.1.1, 3.1.2.4).
void end_kept_session(transport::Options options, std::string client_id, milliseconds deadline) {
    options.reconnect = false;
    options.client_id = std::move(client_id);
    options.clean_session = true;
    Errand errand(std::move(options), deadline);
    errand.run([&] { errand.done(); });
}

LeftBehind clear_left_behind(const AsOperator& as_operator, const std::string& name, milliseconds deadline) {
    for (const Role role : {Role::device, Role::birth})
        end_kept_session(as_operator(), std::string(username_prefix(role)) + name, deadline);
    return {clear_retained(as_operator(), name, deadline)};
}

void clear_before_issue(const Context& context, const lifecycle::Home& home, const std::string& name) {
    constexpr milliseconds kPatience{3000};
    try {
        const auto registry = registry::Registry::open(home.registry(), context.clock());
        const auto device = registry.find_device(name);
        if (!device) return;
        const auto certificates = registry.certificates_of(device->name);
        if (std::ranges::any_of(certificates, [](const auto& one) { return may_connect(one.state); })) return;
        if (!broker::RunningBroker(home.broker()).running()) return;
        const auto cleared = clear_left_behind([&] { return operator_connection(home, "", "clear"); },
                                               device->name, kPatience);
        context.note(
            fmt::format("Cleared what {} had left in the broker: its session, and {} retained message{}.",
                        device->name, cleared.retained, cleared.retained == 1 ? "" : "s"));
    } catch (const Error& error) {
        context.note(
            fmt::format("What {} had left in the broker could not be cleared: {}", name, error.what()));
    }
}

}  // namespace countersign::cli
