// How much one client may ask of the broker that all share. By name, so that who reconnects begins nothing
// anew; no clock of its own, and nothing waits: what is too much is refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "core/identity/role.h"

namespace countersign::broker {

// So much a second, and so much at once after a silence. 0: no limit.
struct Rate {
    double per_second = 0;
    double burst = 0;
};

// Of one role. A limit of 0 is none.
struct Limits {
    std::size_t topic_bytes = 0;    // of a topic, or the filter of a subscription
    std::size_t subscriptions = 0;  // that differ, in one session
    std::size_t payload_bytes = 0;  // of one message
    std::size_t retained_topics = 0;
    std::uint64_t retained_bytes = 0;  // topics and payloads
    Rate messages{};
    Rate bytes{};  // of topics and payloads
};
[[nodiscard]] const Limits& limits_of(Role role) noexcept;

enum class Excess : std::uint8_t { none, topic, subscriptions, payload, retained, rate };

// The words for the log: "it publishes too fast".
[[nodiscard]] std::string_view in_words(Excess excess) noexcept;

struct Message {
    std::string_view topic;
    std::size_t payload_bytes = 0;
    bool retain = false;
};

class TokenBucket {
  public:
    // Whether there are so many. A new one is full.
    [[nodiscard]] bool has(const Rate& rate, double tokens, std::int64_t now_ms) const noexcept;
    // After has() for the same moment.
    void take(const Rate& rate, double tokens, std::int64_t now_ms) noexcept;
    [[nodiscard]] bool full(const Rate& rate, std::int64_t now_ms) const noexcept;

  private:
    [[nodiscard]] double level(const Rate& rate, std::int64_t now_ms) const noexcept;
    double level_ = 0;
    std::int64_t at_ms_ = -1;
};

class Quotas {
  public:
    // A message that is about to be published, and counted unless it is refused.
    [[nodiscard]] Excess publish(std::string_view username, Role role, const Message& message,
                                 std::int64_t now_ms);
    // What is retained already, seen when somebody gets it: of before the broker's start. Counted, never
    // refused.
    void retained(std::string_view username, Role role, const Message& message);
    // What was retained under this topic is gone, by whoever's hand.
    void cleared(std::string_view topic);
    // Forgets whoever has nothing retained and all tokens; looks at everybody.
    void forget_idle(std::int64_t now_ms);
    [[nodiscard]] std::size_t clients() const noexcept { return clients_.size(); }

  private:
    struct Client {
        Role role = Role::device;
        TokenBucket messages, bytes;
        std::unordered_map<std::string, std::uint64_t> retained;
        std::uint64_t retained_bytes = 0;
    };
    Client& client(std::string_view username, Role role);
    static bool retain(Client& client, const Limits& limits, const Message& message);

    std::unordered_map<std::string, Client> clients_;
};

// The subscriptions of one session: those it has asked for itself, and those it was found to have in all.
class Subscriptions {
  public:
    // `held`: how many Mosquitto has for this session, from earlier connections too.
    [[nodiscard]] Excess ask(Role role, std::string_view filter, std::size_t held);

  private:
    std::unordered_set<std::string> asked_;
};

}  // namespace countersign::broker
