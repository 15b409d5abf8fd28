// What the program has asked for and the broker has not yet confirmed, in order, across connections.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/mqtt/session.h"
#include "host/transport/client.h"

namespace countersign::transport {

// Hands messages, subscriptions and unsubscriptions to the session as it takes them, and finds them again
// when their effects come. Callbacks that have become due wait until run_callbacks(), when everything is
// consistent again.
class Queue {
  public:
    Queue(std::size_t max_messages, std::size_t max_inflight)
        : max_messages_(max_messages), max_inflight_(max_inflight) {}

    void publish(std::string topic, std::string payload, Qos qos, bool retain, Client::Done done,
                 const MessageProperties& properties = {});
    void subscribe(std::string filter, Qos qos, Client::Done done);
    void unsubscribe(std::string filter, Client::Done done);

    // As much as it takes. The session is connected.
    void feed(mqtt::Session& session);

    void connected(bool session_present);
    void published(std::uint16_t packet_id);
    void rejected(std::uint16_t packet_id, mqtt::ReasonCode reason);
    void subscribed(std::uint16_t packet_id, mqtt::Bytes codes);
    void unsubscribed(std::uint16_t packet_id, mqtt::Bytes codes);  // 5: with a code
    // It is fed again to the next connection, unless it can never be sent.
    void dropped(std::uint16_t packet_id, mqtt::Drop why);
    void written();  // the connection has taken all QoS 0 messages handed to it
    void connection_lost(const Error& error);

    // Nothing is left to send or to be acknowledged.
    [[nodiscard]] bool idle() const noexcept;
    // Ends everything.
    void fail_all(const Error& error);
    // `call` is given each callback as a function without arguments, to call it.
    template <typename Call>
    void run_callbacks(Call call) {
        for (const Due& due : std::exchange(due_, {})) call([&due] { due.done(due.error); });
    }
    [[nodiscard]] bool has_callbacks() const noexcept { return !due_.empty(); }

  private:
    struct Message {
        std::string topic;
        std::string payload;
        Qos qos;
        bool retain;
        Client::Done done;
        std::string properties;
        std::uint16_t packet_id = 0;  // 0: not handed to the session
    };
    struct Request {
        bool subscribe;
        std::string filter;
        Qos qos;
        Client::Done done;
        std::uint16_t packet_id = 0;
    };
    struct Due {
        Client::Done done;
        std::optional<Error> error;
    };

    bool feed_message(mqtt::Session& session, Message& message);
    bool feed_request(mqtt::Session& session, std::list<Request>::iterator request);
    void end_request(std::list<Request>::iterator request, const Error& error);
    void finish_handed(std::uint16_t packet_id, std::optional<Error> error);
    void finish(Client::Done& done, std::optional<Error> error = std::nullopt);
    [[nodiscard]] std::list<Request>::iterator find_request(std::uint16_t packet_id);

    std::size_t max_messages_;
    std::size_t max_inflight_;
    std::list<Message> messages_;
    std::map<std::uint16_t, std::list<Message>::iterator> handed_;  // by packet id
    bool refilling_ = false;                                        // the window has been full
    std::vector<Client::Done> unwritten_;                           // QoS 0, handed to the connection
    std::list<Request> requests_;
    std::map<std::string, Qos> wanted_;  // what the broker must know again when it has lost our session
    std::vector<Due> due_;
};

}  // namespace countersign::transport
