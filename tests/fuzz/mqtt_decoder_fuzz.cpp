// A hostile server: its bytes in any pieces, between any calls of ours. The buffers are exactly as large as
// the session is told, so the sanitizer sees every byte beyond them.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>

#include "core/mqtt/property.h"
#include "core/mqtt/session.h"
#include "core/mqtt/topic.h"

namespace {

using namespace countersign::mqtt;

constexpr std::size_t kReceive = 48;
constexpr std::size_t kTransmit = 64;
constexpr std::size_t kStore = 64;
constexpr std::size_t kOutgoing = 4;
constexpr std::size_t kIncoming = 2;
constexpr std::size_t kAliases = 12;

template <typename T>
struct Exact {
    explicit Exact(std::size_t count) : memory(std::make_unique<T[]>(count)), span(memory.get(), count) {}
    std::unique_ptr<T[]> memory;
    std::span<T> span;
};

void require(bool holds) {
    if (!holds) std::abort();
}

// What is handed out can be read to its end.
void read(Properties properties) {
    PropertyReader reader(properties);
    for (PropertyValue value; reader.next(value);) {
    }
    require(reader.at_end());
}

// Every byte of an effect is looked at, and what it promises is checked.
void consume(Session& session) {
    Effect effect;
    unsigned sum = 0;
    while (session.next(effect)) {
        for (const std::uint8_t byte : effect.bytes) sum += byte;
        for (const std::uint8_t byte : effect.message.payload) sum += byte;
        read(effect.properties);
        read(effect.message.properties);
        if (effect.kind == Effect::Kind::message) require(is_valid_topic_name(effect.message.topic));
        if (effect.kind == Effect::Kind::oversize) require(effect.message.topic.size() <= kReceive);
        if (effect.kind == Effect::Kind::send) require(!effect.bytes.empty());
    }
    [[maybe_unused]] static volatile unsigned sink;
    sink = sum;
    require(session.unacknowledged() <= kOutgoing);
}

void connect(Session& session, Millis now, Version version, bool clean_session) {
    ConnectOptions options;
    options.version = version;
    options.client_id = "d";
    options.clean_session = clean_session;
    (void)session.connect(now, options);
}

}  // namespace

// Input: one byte that says which version is spoken; repeated { one byte that says what to do, its argument
// }; what is left at the end is received in one piece.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Exact<std::uint8_t> receive(kReceive);
    const Exact<std::uint8_t> transmit(kTransmit);
    const Exact<std::uint8_t> store(kStore);
    const Exact<Slot> outgoing(kOutgoing);
    const Exact<std::uint16_t> incoming(kIncoming);
    const Exact<std::uint8_t> aliases(kAliases);
    Bytes input(data, size);
    const Version version = !input.empty() && (input[0] & 1) != 0 ? Version::v5 : Version::v3_1_1;
    if (!input.empty()) input = input.subspan(1);
    Limits limits;
    limits.version = version;
    limits.topic_aliases_in = 2;
    Session session({receive.span, transmit.span, store.span, outgoing.span, incoming.span, aliases.span},
                    limits);
    Millis now = 0;
    connect(session, now, version, false);
    consume(session);

    while (input.size() >= 2) {
        const std::uint8_t what = input[0] & 0x07;
        const std::uint8_t argument = input[1];
        input = input.subspan(2);
        switch (what) {
            case 0: connect(session, now, version, (argument & 1) != 0); break;
            case 1:
                (void)session.publish(
                    {"a/b", input.first(input.size() < 9 ? input.size() : 9), Qos{argument}});
                break;
            case 2: {
                const Subscription subscription{"a/#", static_cast<Qos>(argument & 3)};
                (void)session.subscribe({&subscription, 1});
                break;
            }
            case 3: session.transport_closed(); break;
            case 4: session.tick(now += Millis{argument} * 1000); break;
            case 5: (void)session.disconnect(); break;
            default: {
                const std::size_t count = argument < input.size() ? argument : input.size();
                (void)session.bytes_received(now, input.first(count));
                input = input.subspan(count);
                break;
            }
        }
        consume(session);
    }
    // a heap copy: reading past the end is seen
    const Exact<std::uint8_t> rest(input.size());
    for (std::size_t i = 0; i < input.size(); ++i) rest.span[i] = input[i];
    (void)session.bytes_received(now, rest.span);
    consume(session);
    return 0;
}
