#include "host/transport/queue.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/mqtt/topic.h"
#include "host/transport/properties.h"

namespace countersign::transport {
namespace {

mqtt::Bytes as_bytes(const std::string& text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

Error bad_topic(const std::string& topic, std::string_view what) {
    return Error(Code::TopicInvalid, fmt::format("\"{}\" is not an MQTT {}.", topic, what));
}

Error not_taken() {
    return Error(Code::BrokerRefused, "The broker takes no message of this QoS, or none to be retained.");
}

constexpr std::uint8_t kGreatestQos = 2;

}  // namespace

void Queue::publish(std::string topic, std::string payload, Qos qos, bool retain, Client::Done done,
                    const MessageProperties& properties) {
    if (!mqtt::is_sendable_topic(topic)) return finish(done, bad_topic(topic, "topic"));
    if (messages_.size() >= max_messages_) {
        return finish(done,
                      Error(Code::QueueFull, fmt::format("{} messages wait already.", messages_.size())));
    }
    std::string packed;
    try {
        packed = encoded(properties);
    } catch (const Error& error) {
        return finish(done, error);
    }
    messages_.push_back(
        {std::move(topic), std::move(payload), qos, retain, std::move(done), std::move(packed)});
}

void Queue::subscribe(std::string filter, Qos qos, Client::Done done) {
    if (!mqtt::is_sendable_filter(filter)) return finish(done, bad_topic(filter, "topic filter"));
    wanted_[filter] = qos;
    requests_.push_back({true, std::move(filter), qos, std::move(done)});
}

void Queue::unsubscribe(std::string filter, Client::Done done) {
    if (!mqtt::is_sendable_filter(filter)) return finish(done, bad_topic(filter, "topic filter"));
    wanted_.erase(filter);
    requests_.push_back({false, std::move(filter), Qos::at_most_once, std::move(done)});
}

void Queue::feed(mqtt::Session& session) {
    for (auto next = requests_.begin(); next != requests_.end();) {
        const auto request = next++;
        if (request->packet_id == 0 && !feed_request(session, request)) return;
    }
    // No more than the window is handed over: the rest keeps its order here when the broker loses the
    // session. A window that was full is filled again when half of it is free: the messages then leave in one
    // TLS record and one system call, while the broker still has the other half to work on.
    if (refilling_ && handed_.size() > max_inflight_ / 2) return;
    for (auto message = messages_.begin(); message != messages_.end() && handed_.size() < max_inflight_;) {
        if (message->packet_id != 0) {
            ++message;
            continue;
        }
        if (!feed_message(session, *message)) return;
        const auto fed = message++;
        if (fed->packet_id == 0) {
            messages_.erase(fed);
        } else {
            handed_[fed->packet_id] = fed;
        }
    }
    refilling_ = handed_.size() >= max_inflight_;
}

// False: there is no room for it now.
bool Queue::feed_request(mqtt::Session& session, std::list<Request>::iterator request) {
    const mqtt::Subscription subscription{request->filter, request->qos};
    const std::string_view filter = request->filter;
    const mqtt::Accepted accepted =
        request->subscribe ? session.subscribe({&subscription, 1}) : session.unsubscribe({&filter, 1});
    request->packet_id = accepted.packet_id;
    switch (accepted.status) {
        case mqtt::Status::ok: return true;
        case mqtt::Status::no_room:
        case mqtt::Status::not_connected: return false;
        case mqtt::Status::not_supported:
            end_request(request, Error(Code::BrokerRefused,
                                       fmt::format("The broker has no subscriptions such as {}.", filter)));
            return true;
        default: end_request(request, bad_topic(request->filter, "topic filter")); return true;
    }
}

// It is not asked for again.
void Queue::end_request(std::list<Request>::iterator request, const Error& error) {
    wanted_.erase(request->filter);
    finish(request->done, error);
    requests_.erase(request);
}

// False: there is no room for it now. A message that keeps packet id 0 is done with.
bool Queue::feed_message(mqtt::Session& session, Message& message) {
    const mqtt::Accepted accepted = session.publish({message.topic, as_bytes(message.payload), message.qos,
                                                     message.retain, as_properties(message.properties)});
    switch (accepted.status) {
        case mqtt::Status::ok:
            message.packet_id = accepted.packet_id;
            if (message.qos == Qos::at_most_once) unwritten_.push_back(std::move(message.done));
            return true;
        case mqtt::Status::no_room: return false;
        case mqtt::Status::bad_argument:
            finish(message.done,
                   Error(Code::Usage, "This version of MQTT does not allow these properties or this QoS."));
            return true;
        case mqtt::Status::not_supported: finish(message.done, not_taken()); return true;
        default:
            finish(message.done,
                   Error(Code::MessageTooLarge,
                         fmt::format("A message of {} bytes cannot be sent.", message.payload.size())));
            return true;
    }
}

void Queue::connected(bool session_present) {
    if (session_present) return;
    for (const auto& [filter, qos] : wanted_) {
        const bool asked =
            std::any_of(requests_.begin(), requests_.end(), [&wanted = filter](const Request& request) {
                return request.subscribe && request.filter == wanted;
            });
        if (!asked) requests_.push_front({true, filter, qos, {}});
    }
}

void Queue::finish_handed(std::uint16_t packet_id, std::optional<Error> error) {
    const auto found = handed_.find(packet_id);
    if (found == handed_.end()) return;
    finish(found->second->done, std::move(error));
    messages_.erase(found->second);
    handed_.erase(found);
}

void Queue::published(std::uint16_t packet_id) {
    finish_handed(packet_id, std::nullopt);
}

void Queue::rejected(std::uint16_t packet_id, mqtt::ReasonCode reason) {
    finish_handed(packet_id, Error(Code::BrokerRefused,
                                   fmt::format("The broker does not take this message (reason 0x{:02x}).",
                                               static_cast<unsigned>(reason))));
}

std::list<Queue::Request>::iterator Queue::find_request(std::uint16_t packet_id) {
    return std::find_if(requests_.begin(), requests_.end(),
                        [packet_id](const Request& request) { return request.packet_id == packet_id; });
}

void Queue::subscribed(std::uint16_t packet_id, mqtt::Bytes codes) {
    const auto request = find_request(packet_id);
    if (request == requests_.end()) return;
    if (codes[0] > kGreatestQos) {
        return end_request(
            request, Error(Code::BrokerRefused,
                           fmt::format("The broker does not let us subscribe to {}.", request->filter)));
    }
    finish(request->done);
    requests_.erase(request);
}

void Queue::unsubscribed(std::uint16_t packet_id, mqtt::Bytes codes) {
    const auto request = find_request(packet_id);
    if (request == requests_.end()) return;
    const bool refused = !codes.empty() && mqtt::is_refusal(static_cast<mqtt::ReasonCode>(codes[0]));
    finish(request->done,
           refused ? std::optional(Error(
                         Code::BrokerRefused,
                         fmt::format("The broker does not end the subscription to {}.", request->filter)))
                   : std::nullopt);
    requests_.erase(request);
}

void Queue::dropped(std::uint16_t packet_id, mqtt::Drop why) {
    switch (why) {
        case mqtt::Drop::expired:
            return finish_handed(packet_id, Error(Code::NotSent, "It expired before it could be sent."));
        case mqtt::Drop::too_large:
            return finish_handed(packet_id, Error(Code::MessageTooLarge, "The broker takes no such packet."));
        case mqtt::Drop::hung_up_on:
            return finish_handed(packet_id,
                                 Error(Code::MessageRefused,
                                       fmt::format("The broker has hung up on this message {} times running.",
                                                   mqtt::Session::kHangUps)));
        case mqtt::Drop::not_supported: return finish_handed(packet_id, not_taken());
        default: break;
    }
    if (const auto found = handed_.find(packet_id); found != handed_.end()) {
        found->second->packet_id = 0;
        handed_.erase(found);
    } else if (const auto request = find_request(packet_id); request != requests_.end()) {
        request->packet_id = 0;
    }
}

void Queue::written() {
    for (auto& done : std::exchange(unwritten_, {})) finish(done);
}

void Queue::connection_lost(const Error& error) {
    for (auto& done : std::exchange(unwritten_, {}))
        finish(done, Error(Code::NotSent, error.detail(), error.cure()));
}

bool Queue::idle() const noexcept {
    return messages_.empty() && requests_.empty() && unwritten_.empty();
}

void Queue::fail_all(const Error& error) {
    handed_.clear();
    for (auto& message : std::exchange(messages_, {})) finish(message.done, error);
    for (auto& request : std::exchange(requests_, {})) finish(request.done, error);
    for (auto& done : std::exchange(unwritten_, {})) finish(done, error);
}

void Queue::finish(Client::Done& done, std::optional<Error> error) {
    if (done) due_.push_back({std::move(done), std::move(error)});
}

}  // namespace countersign::transport
