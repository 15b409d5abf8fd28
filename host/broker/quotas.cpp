#include "host/broker/quotas.h"

#include <algorithm>

namespace countersign::broker {
namespace {

constexpr std::size_t kKiB = 1024;
constexpr std::size_t kMiB = kKiB * kKiB;

// What a busy device or gateway does is far below; what stalls a broker for others (400 messages of a
// megabyte, retained, again and again) far above.
constexpr Limits kDevice{.topic_bytes = 512,
                         .subscriptions = 64,
                         .payload_bytes = kMiB,
                         .retained_topics = 256,
                         .retained_bytes = kMiB,
                         .messages = {500, 20'000},
                         .bytes = {512 * kKiB, 32 * kMiB}};
// A request and a state, once in a while (docs/protocol.md).
constexpr Limits kBirth{.topic_bytes = 256,
                        .subscriptions = 8,
                        .payload_bytes = 16 * kKiB,
                        .retained_topics = 2,
                        .retained_bytes = 32 * kKiB,
                        .messages = {1, 60},
                        .bytes = {16 * kKiB, 256 * kKiB}};
// They speak to all devices, so their number and pace is the fleet's.
constexpr Limits kOperator{.topic_bytes = 4096, .subscriptions = 4096};
constexpr Limits kResponder{.topic_bytes = 256, .subscriptions = 16, .payload_bytes = 64 * kKiB};

// A session that is taken up again has its subscriptions, and asks for them once more: so many more may there
// be of earlier connections, with other filters.
constexpr std::size_t kEarlier = 4;

bool exceeds(std::uint64_t value, std::uint64_t limit) noexcept {
    return limit != 0 && value > limit;
}

}  // namespace

const Limits& limits_of(Role role) noexcept {
    switch (role) {
        case Role::birth: return kBirth;
        case Role::operator_: return kOperator;
        case Role::responder: return kResponder;
        case Role::device:
        case Role::broker: return kDevice;
    }
    return kDevice;
}

std::string_view in_words(Excess excess) noexcept {
    switch (excess) {
        case Excess::none: return "it is within its limits";
        case Excess::topic: return "the topic is too long";
        case Excess::subscriptions: return "it has too many subscriptions";
        case Excess::payload: return "the message is too big";
        case Excess::retained: return "it has too much retained";
        case Excess::rate: return "it publishes too fast";
    }
    return "it is too much";
}

double TokenBucket::level(const Rate& rate, std::int64_t now_ms) const noexcept {
    if (at_ms_ < 0) return rate.burst;
    const double seconds = static_cast<double>(std::max<std::int64_t>(0, now_ms - at_ms_)) / 1000;
    return std::min(rate.burst, level_ + seconds * rate.per_second);
}

bool TokenBucket::has(const Rate& rate, double tokens, std::int64_t now_ms) const noexcept {
    return rate.per_second <= 0 || level(rate, now_ms) >= tokens;
}

void TokenBucket::take(const Rate& rate, double tokens, std::int64_t now_ms) noexcept {
    if (rate.per_second <= 0) return;
    level_ = level(rate, now_ms) - tokens;
    at_ms_ = std::max(at_ms_, now_ms);
}

bool TokenBucket::full(const Rate& rate, std::int64_t now_ms) const noexcept {
    return has(rate, rate.burst, now_ms);
}

Quotas::Client& Quotas::client(std::string_view username, Role role) {
    Client& client = clients_[std::string(username)];
    client.role = role;
    return client;
}

// Within its limits, or not more than there was under this topic.
bool Quotas::retain(Client& client, const Limits& limits, const Message& message) {
    const std::string topic(message.topic);
    const auto old = client.retained.find(topic);
    const std::uint64_t before = old == client.retained.end() ? 0 : old->second;
    if (message.payload_bytes == 0) {  // MQTT 3.1.1, 3.3.1.3: it removes what is retained
        if (old != client.retained.end()) client.retained.erase(old);
        client.retained_bytes -= before;
        return true;
    }
    const std::uint64_t now = topic.size() + message.payload_bytes;
    const std::uint64_t total = client.retained_bytes - before + now;
    const bool more = now > before;
    if (before == 0 && exceeds(client.retained.size() + 1, limits.retained_topics)) return false;
    if (more && exceeds(total, limits.retained_bytes)) return false;
    client.retained[topic] = now;
    client.retained_bytes = total;
    return true;
}

Excess Quotas::publish(std::string_view username, Role role, const Message& message, std::int64_t now_ms) {
    const Limits& limits = limits_of(role);
    if (exceeds(message.topic.size(), limits.topic_bytes)) return Excess::topic;
    if (exceeds(message.payload_bytes, limits.payload_bytes)) return Excess::payload;
    if (limits.messages.per_second <= 0 && limits.retained_bytes == 0) return Excess::none;
    Client& from = client(username, role);
    const auto size = static_cast<double>(message.topic.size() + message.payload_bytes);
    if (!from.messages.has(limits.messages, 1, now_ms) || !from.bytes.has(limits.bytes, size, now_ms))
        return Excess::rate;
    if (message.retain && !retain(from, limits, message)) return Excess::retained;
    from.messages.take(limits.messages, 1, now_ms);
    from.bytes.take(limits.bytes, size, now_ms);
    return Excess::none;
}

void Quotas::retained(std::string_view username, Role role, const Message& message) {
    const Limits& limits = limits_of(role);
    if (limits.retained_bytes == 0 || message.payload_bytes == 0) return;
    Client& owner = client(username, role);
    // Once the limit is reached nothing is added, and nothing more need be remembered.
    if (!owner.retained.contains(std::string(message.topic))) (void)retain(owner, limits, message);
}

void Quotas::cleared(std::string_view topic) {
    // The author of what is below devices/NAME or countersign/USER, as policy.cpp grants it.
    const std::size_t begin = topic.find('/');
    if (begin == std::string_view::npos) return;
    const std::string_view owner = topic.substr(begin + 1, topic.find('/', begin + 1) - begin - 1);
    const auto found = clients_.find(std::string(owner));
    if (found == clients_.end()) return;
    (void)retain(found->second, limits_of(found->second.role), {topic, 0, true});
}

void Quotas::forget_idle(std::int64_t now_ms) {
    std::erase_if(clients_, [&](const auto& one) {
        const Client& client = one.second;
        const Limits& limits = limits_of(client.role);
        return client.retained.empty() && client.messages.full(limits.messages, now_ms) &&
               client.bytes.full(limits.bytes, now_ms);
    });
}

Excess Subscriptions::ask(Role role, std::string_view filter, std::size_t held) {
    const Limits& limits = limits_of(role);
    if (exceeds(filter.size(), limits.topic_bytes)) return Excess::topic;
    const std::string key(filter);
    if (asked_.contains(key)) return Excess::none;
    if (exceeds(asked_.size() + 1, limits.subscriptions)) return Excess::subscriptions;
    if (exceeds(held, limits.subscriptions * kEarlier)) return Excess::subscriptions;
    asked_.insert(key);
    return Excess::none;
}

}  // namespace countersign::broker
