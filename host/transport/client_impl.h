// The client's inside: one session for its whole life, one link after the other.
#pragma once

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/mqtt/session.h"
#include "host/transport/backoff.h"
#include "host/transport/client.h"
#include "host/transport/link.h"
#include "host/transport/queue.h"
#include "host/transport/round.h"
#include "host/transport/tls.h"

namespace countersign::transport {

class Client::Impl final : public LinkOwner,
                           public RoundOwner,
                           public std::enable_shared_from_this<Client::Impl> {
  public:
    Impl(asio::io_context& context, Options options);

    void start();
    void stop(std::chrono::milliseconds grace);
    void set_brokers(std::vector<Address> brokers);
    void abandon();  // the Client is going

    // Does whatever can be done now, then arranges to be called when there is more.
    void pump();

    Queue queue;
    std::function<void(const Received&)> on_message;
    std::function<void(const State&)> on_state;
    std::function<void(std::string_view, std::size_t)> on_oversize;
    State state;
    const Options options;

  private:
    // The session's memory.
    struct Memory {
        explicit Memory(const Options& options);
        [[nodiscard]] mqtt::Storage spans() { return {receive, transmit, store, outgoing, incoming}; }
        std::vector<std::uint8_t> receive, transmit, store;
        std::vector<mqtt::Slot> outgoing;
        std::vector<std::uint16_t> incoming;
    };

    void round_open(std::shared_ptr<Link> link) override;
    void round_failed(const Failure& failure) override;
    void link_bytes(mqtt::Bytes bytes) override;
    void link_written() override;
    void link_lost(Failure failure) override;
    void link_finished() override;

    void attempt();
    void drain();
    void rest();
    void wake_at(mqtt::Millis due);
    void sleep();
    void handle(const mqtt::Effect& effect);
    void on_connected(const mqtt::Effect& effect);
    void on_close(mqtt::Fault fault);
    void broken(Failure failure);
    void lost(const Failure& failure);
    void drop_round();
    void drop_link(bool hung_up = false);
    void wait_and_retry(const Failure& failure);
    void stopped(const std::optional<Error>& error, bool permanent);
    void disconnect();
    void tell(State news);
    template <typename Callback>
    void call(Callback callback);
    void read_files_again();
    [[nodiscard]] mqtt::Millis now() const;
    [[nodiscard]] std::vector<Address> brokers_in_turn() const;

    asio::io_context& context_;
    std::string files_seen_;  // file_stamp() of what tls_ was made of
    std::shared_ptr<TlsContext> tls_;
    Memory memory_;
    mqtt::Limits limits_;
    std::optional<mqtt::Session> session_;
    Backoff backoff_;
    std::vector<Address> brokers_;
    std::optional<Address> last_;       // with whom we were connected
    std::shared_ptr<Round> round_;      // until CONNACK
    std::shared_ptr<Link> link_;        // from TLS on
    asio::steady_timer session_timer_;  // the session's deadline()
    asio::steady_timer retry_timer_;
    asio::steady_timer grace_timer_;
    mqtt::Millis timer_due_ = mqtt::kNever;  // what session_timer_ is set to
    std::optional<Failure> refusal_;
    bool running_ = false;
    bool pumping_ = false;
    bool callbacks_posted_ = false;
    bool stop_when_idle_ = false;
    bool disconnect_wanted_ = false;
};

}  // namespace countersign::transport
