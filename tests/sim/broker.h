// An MQTT broker as one meets them: it acknowledges and then loses, repeats, delays and forgets.
//
// Topics are matched exactly, as devices subscribe; the responder's own client is part of the model. What
// reaches a board goes into `events`.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "tests/sim/agenda.h"
#include "tests/sim/chronicle.h"
#include "tests/sim/dice.h"
#include "tests/sim/frames.h"

namespace countersign::sim {

// Of a thousand messages.
struct MessageFaults {
    std::int64_t lost = 0;
    std::int64_t repeated = 0;
    std::int64_t late = 0;  // by up to a day, and so behind newer ones
};

class Broker {
  public:
    using Receive = std::function<void(const std::string& topic, const Blob& payload, bool fresh)>;

    // References outlive it.
    Broker(Agenda& agenda, Dice& dice, Chronicle& chronicle, FrameWriter& events)
        : agenda_(agenda), dice_(dice), chronicle_(chronicle), events_(events) {}

    struct Accepted {
        std::int64_t connection = 0;
        bool session_present = false;
    };
    // An earlier connection of the same client ends.
    [[nodiscard]] Accepted connect(std::int64_t device, const std::string& user, bool clean);
    void publish(std::int64_t connection, std::int64_t packet_id, const std::string& topic, Blob payload,
                 bool retain);
    void subscribe(std::int64_t connection, std::int64_t packet_id, const std::string& filter);
    void close(std::int64_t connection);  // by the board

    // Ends connections, so that the boards notice.
    void drop(std::int64_t connection);
    void drop_device(std::int64_t device);
    void drop_user(const std::string& user);  // as a working and as a birth identity
    void switch_off();
    void switch_on() { up_ = true; }
    void forget_retained() { retained_.clear(); }
    void forget_sessions();
    [[nodiscard]] bool has(std::int64_t connection) const { return connections_.contains(connection); }
    [[nodiscard]] bool is_up() const noexcept { return up_; }

    // The responder comes and goes; while it is away its session waits for it.
    void attend(Receive receive);
    void leave() { responder_ = nullptr; }
    void publish_by_responder(const std::string& topic, const Blob& payload);

    void set_faults(const MessageFaults& faults) { faults_ = faults; }

  private:
    struct Session {
        std::set<std::string> filters;
        std::int64_t connection = 0;  // 0: none
        bool clean = false;
        std::deque<std::pair<std::string, Blob>> waiting;
    };
    struct Connection {
        std::int64_t device = 0;
        std::string user;
    };
    struct Message {
        std::string topic;
        Blob payload;
        bool fresh = true;
    };

    void end(std::int64_t connection);
    void route(const std::string& topic, const Blob& payload, bool retain);
    void deliver(const std::string& topic, const Blob& payload);
    void deliver_to_responder(const std::string& topic, const Blob& payload, bool fresh);
    void send(std::int64_t connection, const std::string& topic, const Blob& payload);
    [[nodiscard]] Milliseconds latency();

    Agenda& agenda_;
    Dice& dice_;
    Chronicle& chronicle_;
    FrameWriter& events_;
    MessageFaults faults_;
    bool up_ = true;
    std::int64_t last_connection_ = 0;
    std::map<std::int64_t, Connection> connections_;
    std::map<std::string, Session> sessions_;  // by client id, which is the user name
    std::map<std::string, Blob> retained_;
    Receive responder_;
    std::deque<Message> waiting_for_responder_;
};

}  // namespace countersign::sim
