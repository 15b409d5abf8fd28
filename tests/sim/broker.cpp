#include "tests/sim/broker.h"

#include <fmt/format.h>

namespace countersign::sim {
namespace {

constexpr std::size_t kQueue = 1000;  // Mosquitto's max_queued_messages
constexpr std::int64_t kGranted = 1;
constexpr std::int64_t kRefused = 0x80;

bool is_for_responder(const std::string& topic) {
    return topic.starts_with("countersign/") && (topic.ends_with("/request") || topic.ends_with("/state"));
}

// docs/architecture.md, "MQTT names".
bool may_publish(const std::string& user, const std::string& topic) {
    return topic == "countersign/" + user + "/request" ||
           (!user.starts_with("birth~") &&
            (topic == "countersign/" + user + "/state" || topic.starts_with("devices/" + user + "/")));
}

bool may_subscribe(const std::string& user, const std::string& filter) {
    return filter.starts_with("countersign/" + user + "/") || filter.starts_with("devices/" + user + "/");
}

}  // namespace

Broker::Accepted Broker::connect(std::int64_t device, const std::string& user, bool clean) {
    auto& session = sessions_[user];
    if (session.connection != 0) {
        drop(session.connection);
    }
    auto& mine = sessions_[user];
    const bool present = !clean && !mine.clean && !mine.filters.empty();
    if (!present) mine = {};
    mine.clean = clean;
    mine.connection = ++last_connection_;
    connections_[last_connection_] = {device, user};
    const std::int64_t connection = last_connection_;
    if (present) {
        agenda_.in(latency(), [this, user, connection] {
            const auto found = sessions_.find(user);
            if (found == sessions_.end() || found->second.connection != connection) return;
            for (const auto& [topic, payload] : std::exchange(found->second.waiting, {})) {
                send(connection, topic, payload);
            }
        });
    }
    return {connection, present};
}

void Broker::publish(std::int64_t connection, std::int64_t packet_id, const std::string& topic, Blob payload,
                     bool retain) {
    const auto from = connections_.find(connection);
    if (from == connections_.end()) return;
    if (packet_id != 0) {
        agenda_.in(latency(), [this, connection, packet_id] {
            if (!connections_.contains(connection)) return;
            events_.number(Tell::acknowledged).number(connection).number(packet_id);
        });
    }
    if (!may_publish(from->second.user, topic)) {
        chronicle_.wrong(fmt::format("{} publishes to {}", from->second.user, topic));
        return;
    }
    if (dice_.chance(faults_.lost)) return;
    const std::int64_t copies = dice_.chance(faults_.repeated) ? 2 : 1;
    for (std::int64_t i = 0; i < copies; ++i) {
        const Milliseconds delay = dice_.chance(faults_.late) ? dice_.below(kDay) : latency();
        agenda_.in(delay, [this, topic, payload, retain] { route(topic, payload, retain); });
    }
}

void Broker::route(const std::string& topic, const Blob& payload, bool retain) {
    if (!up_) return;
    if (retain && payload.empty()) {
        retained_.erase(topic);
    } else if (retain) {
        retained_[topic] = payload;
    }
    if (is_for_responder(topic)) deliver_to_responder(topic, payload, true);
    deliver(topic, payload);
}

void Broker::deliver(const std::string& topic, const Blob& payload) {
    for (auto& [user, session] : sessions_) {
        if (!session.filters.contains(topic)) continue;
        if (session.connection != 0) {
            send(session.connection, topic, payload);
        } else if (session.waiting.size() < kQueue) {
            session.waiting.emplace_back(topic, payload);
        }
    }
}

void Broker::deliver_to_responder(const std::string& topic, const Blob& payload, bool fresh) {
    if (responder_) {
        responder_(topic, payload, fresh);
    } else if (waiting_for_responder_.size() < kQueue) {
        waiting_for_responder_.push_back({topic, payload, fresh});
    }
}

void Broker::subscribe(std::int64_t connection, std::int64_t packet_id, const std::string& filter) {
    const auto from = connections_.find(connection);
    if (from == connections_.end()) return;
    const bool granted = may_subscribe(from->second.user, filter);
    if (granted) sessions_[from->second.user].filters.insert(filter);
    agenda_.in(latency(), [this, connection, packet_id, filter, granted] {
        if (!connections_.contains(connection)) return;
        events_.number(Tell::granted).number(connection).number(packet_id);
        events_.number(granted ? kGranted : kRefused);
        const auto kept = retained_.find(filter);
        if (granted && kept != retained_.end()) send(connection, filter, kept->second);
    });
}

void Broker::send(std::int64_t connection, const std::string& topic, const Blob& payload) {
    events_.number(Tell::message).number(connection).text(topic).bytes(payload);
}

void Broker::close(std::int64_t connection) {
    end(connection);
}

void Broker::end(std::int64_t connection) {
    const auto found = connections_.find(connection);
    if (found == connections_.end()) return;
    const auto session = sessions_.find(found->second.user);
    if (session != sessions_.end() && session->second.connection == connection) {
        session->second.connection = 0;
        if (session->second.clean) sessions_.erase(session);
    }
    connections_.erase(found);
}

void Broker::drop(std::int64_t connection) {
    if (!connections_.contains(connection)) return;
    end(connection);
    events_.number(Tell::lost).number(connection);
}

void Broker::drop_device(std::int64_t device) {
    std::vector<std::int64_t> ended;
    for (const auto& [number, connection] : connections_) {
        if (connection.device == device) ended.push_back(number);
    }
    for (const auto number : ended) drop(number);
}

void Broker::drop_user(const std::string& user) {
    for (const auto& name : {user, "birth~" + user}) {
        const auto session = sessions_.find(name);
        if (session != sessions_.end() && session->second.connection != 0) drop(session->second.connection);
    }
}

void Broker::switch_off() {
    up_ = false;
    while (!connections_.empty()) drop(connections_.begin()->first);
}

void Broker::forget_sessions() {
    sessions_.clear();
    waiting_for_responder_.clear();
    while (!connections_.empty()) drop(connections_.begin()->first);
}

void Broker::attend(Receive receive) {
    responder_ = std::move(receive);
    // As Mosquitto does it: first what the session has kept, then what the SUBSCRIBE brings.
    while (responder_ && !waiting_for_responder_.empty()) {
        const Message next = waiting_for_responder_.front();
        waiting_for_responder_.pop_front();
        responder_(next.topic, next.payload, next.fresh);
    }
    const auto kept = retained_;  // the answers change it
    for (const auto& [topic, payload] : kept) {
        if (is_for_responder(topic) && responder_) responder_(topic, payload, false);
    }
}

void Broker::publish_by_responder(const std::string& topic, const Blob& payload) {
    if (dice_.chance(faults_.lost)) return;
    const std::int64_t copies = dice_.chance(faults_.repeated) ? 2 : 1;
    for (std::int64_t i = 0; i < copies; ++i) {
        const Milliseconds delay = dice_.chance(faults_.late) ? dice_.below(kDay) : latency();
        agenda_.in(delay, [this, topic, payload] { route(topic, payload, true); });
    }
}

Milliseconds Broker::latency() {
    return dice_.between(20, 1500);
}

}  // namespace countersign::sim
