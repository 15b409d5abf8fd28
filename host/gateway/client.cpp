#include "countersign/client.h"

#include <fmt/format.h>

#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/signal_set.hpp>
#include <csignal>
#include <utility>
#include <vector>

#include "core/mqtt/topic.h"
#include "host/gateway/convert.h"
#include "host/transport/client.h"

namespace countersign {
namespace {

using gateway::fault_of;
using gateway::full_topic;
using gateway::qos_of;

constexpr std::string_view kStatus = "status";

transport::Options transport_options(const Identity& identity, const ClientOptions& wanted) {
    transport::Options options;
    if (identity.brokers.empty()) {
        throw fault_of(Error(Code::Usage, "The identity names no broker.", "load_identity(folder, {{host}})"),
                       true);
    }
    for (const auto& broker : identity.brokers) options.brokers.push_back({broker.host, broker.port});
    options.client_id = identity.name;
    options.certificate = identity.certificate;
    options.key = identity.key;
    options.anchors = identity.anchors;
    options.version = gateway::version_of(wanted.version);
    options.clean_session = wanted.clean_session;
    // 3.1.1's way: a session that is not asked to be clean is kept for good.
    if (options.version == mqtt::Version::v5 && !wanted.clean_session) {
        options.session_expiry = std::chrono::seconds(mqtt::kNeverExpires);
    }
    options.keep_alive = wanted.keepalive;
    options.connect_timeout = wanted.deadline;
    options.max_packet = wanted.receive_limit;
    options.max_queued = wanted.queue;
    options.max_inflight = wanted.window;
    options.give_up_on_permanent = false;  // a gateway nobody looks at comes back when it has been cured
    if (wanted.announce) {
        options.will = transport::Will{.topic = full_topic(identity.name, kStatus), .payload = "offline"};
    }
    return options;
}

}  // namespace

class Client::Impl {
  public:
    Impl(const Identity& identity, ClientOptions wanted)
        : name(identity.name),
          options(std::move(wanted)),
          client(context, transport_options(identity, options)),
          signals(context) {
        client.on_state([this](const transport::State& state) { on_state(state); });
        client.on_message([this](const transport::Received& message) { on_message(message); });
        client.on_oversize([this](std::string_view on, std::size_t bytes) {
            log(fmt::format("Skipped a message of {} bytes on {}.", bytes, on));
        });
    }

    void start() {
        if (!closed) client.start();
        context.restart();
    }

    void publish(std::string_view own, std::string_view payload, transport::Qos qos, bool retain, Done done,
                 const transport::MessageProperties& properties = {}) {
        ++pending;
        client.publish(
            full_topic(name, own), std::string(payload), qos, retain,
            [this, done = std::move(done)](const std::optional<Error>& error) {
                --pending;
                if (!done) {
                    if (error) log(error->what());
                } else if (error) {
                    done(fault_of(*error, error->id() != Code::NotSent));
                } else {
                    done(std::nullopt);
                }
            },
            properties);
    }

    void subscribe(std::string filter, WholeCallback callback, transport::Qos qos) {
        client.subscribe(filter, qos, [this](const std::optional<Error>& error) {
            if (error) log(error->what());
        });
        subscriptions.push_back({std::move(filter), std::move(callback)});
    }

    void close(std::chrono::milliseconds grace) {
        if (closed) return;
        closed = true;
        signals.cancel();
        if (options.announce && connected)
            publish(kStatus, "offline", transport::Qos::at_least_once, true, {});
        client.stop(grace);
    }

    void log(const std::string& line) const {
        if (options.log) options.log(line);
    }

    struct Subscription {
        std::string filter;
        WholeCallback callback;
    };

    const std::string name;
    const ClientOptions options;
    asio::io_context context{1};  // the hint: one thread runs it
    transport::Client client;
    asio::signal_set signals;
    std::vector<Subscription> subscriptions;
    std::optional<Fault> fault;
    std::size_t pending = 0;
    bool connected = false;
    bool closed = false;

  private:
    void on_state(const transport::State& state) {
        connected = state.phase == transport::Phase::connected;
        if (connected) {
            fault.reset();
            log(fmt::format("Connected to {}:{} as {}.", state.host, state.port, name));
            // QoS 0 is enough: it is lost only together with the connection, and then the last will speaks.
            if (options.announce) publish(kStatus, "online", transport::Qos::at_most_once, true, {});
        } else if (state.error) {
            fault = fault_of(*state.error, state.permanent);
            log(state.phase == transport::Phase::waiting
                    ? fmt::format("{} Next try in {} ms.", fault->what(), state.retry_in.count())
                    : fault->what());
        }
    }

    // By index and on a copy: a callback may subscribe or unsubscribe.
    void on_message(const transport::Received& message) {
        const Received whole = gateway::received_of(message);
        for (std::size_t i = 0; i < subscriptions.size(); ++i) {
            if (!mqtt::topic_matches(subscriptions[i].filter, message.topic)) continue;
            if (const WholeCallback callback = subscriptions[i].callback) callback(whole);
        }
    }
};

Client::Client(const Identity& identity, ClientOptions options) {
    try {
        impl_ = std::make_unique<Impl>(identity, std::move(options));
    } catch (const Error& error) {
        throw fault_of(error, true);
    }
}

Client::~Client() = default;

void Client::publish(std::string_view topic, std::string_view payload, int qos, bool retain, Done done,
                     const Properties& properties) {
    impl_->publish(topic, payload, qos_of(qos), retain, std::move(done), gateway::properties_of(properties));
}

void Client::subscribe(std::string_view filter, Callback callback, int qos) {
    subscribe(filter, WholeCallback([callback = std::move(callback)](const Received& message) {
                  if (callback) callback(message.topic, message.payload);
              }),
              qos);
}

void Client::subscribe(std::string_view filter, WholeCallback callback, int qos) {
    impl_->subscribe(full_topic(impl_->name, filter), std::move(callback), qos_of(qos));
}

void Client::unsubscribe(std::string_view filter) {
    const std::string full = full_topic(impl_->name, filter);
    std::erase_if(impl_->subscriptions, [&](const auto& one) { return one.filter == full; });
    impl_->client.unsubscribe(full);
}

void Client::run() {
    impl_->start();
    impl_->context.run();
}

bool Client::run_for(std::chrono::milliseconds duration) {
    impl_->start();
    impl_->context.run_for(duration);
    return !impl_->closed;
}

bool Client::flush(std::chrono::milliseconds limit) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    impl_->start();
    while (impl_->pending != 0 && impl_->context.run_one_until(deadline) != 0) {
    }
    return impl_->pending == 0;
}

void Client::close(std::chrono::milliseconds grace) {
    impl_->close(grace);
}

void Client::close_on_signals() {
    impl_->signals.add(SIGINT);
    impl_->signals.add(SIGTERM);
    impl_->signals.async_wait([impl = impl_.get()](const std::error_code& cancelled, int) {
        if (!cancelled) impl->close(std::chrono::seconds(5));
    });
}

void Client::post(std::function<void()> task) {
    asio::post(impl_->context, std::move(task));
}

bool Client::connected() const noexcept {
    return impl_->connected;
}

const std::optional<Fault>& Client::fault() const noexcept {
    return impl_->fault;
}

const std::string& Client::name() const noexcept {
    return impl_->name;
}

std::string Client::topic(std::string_view own) const {
    return full_topic(impl_->name, own);
}

void publish_once(const Identity& identity, std::string_view topic, std::string_view payload, int qos,
                  bool retain, std::chrono::milliseconds limit) {
    try {
        transport::publish_once(transport_options(identity, {.announce = false}),
                                full_topic(identity.name, topic), std::string(payload), qos_of(qos), retain,
                                limit);
    } catch (const Error& error) {
        throw fault_of(error, error.id() != Code::NotSent);
    }
}

}  // namespace countersign
