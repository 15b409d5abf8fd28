// The session allocates nothing, ever. Replacing operator new counts for the whole program; only the
// difference over the lines in question is looked at.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <memory>
#include <new>

#include "core/mqtt/property.h"
#include "core/mqtt/session.h"

namespace {
std::atomic<std::size_t> allocations{0};
}

void* operator new(std::size_t size) {
    ++allocations;
    if (void* memory = std::malloc(size)) return memory;
    throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}

namespace countersign::mqtt {
namespace {

using Memory = StaticStorage<256, 256, 512, 8, 4>;

std::size_t drain(Session& session) {
    Effect effect;
    std::size_t count = 0;
    while (session.next(effect)) ++count;
    return count;
}

template <std::size_t Size>
std::size_t receive(Session& session, const std::array<std::uint8_t, Size>& bytes) {
    EXPECT_EQ(session.bytes_received(0, bytes), Status::ok);
    return drain(session);
}

TEST(Allocation, TheCounterCounts) {
    const std::size_t before = allocations;
    const auto memory = std::make_unique<int>(1);
    EXPECT_GT(allocations, before);
}

TEST(Allocation, AWholeLifeWithoutAny) {
    static Memory memory;
    const std::size_t before = allocations;

    Session session(memory.spans());
    ConnectOptions options;
    options.client_id = "d1";
    options.clean_session = false;
    const std::array<std::uint8_t, 1> payload{'x'};
    for (int life = 0; life < 3; ++life) {
        ASSERT_EQ(session.connect(0, options), Status::ok);
        drain(session);
        receive(session, std::to_array<std::uint8_t>({0x20, 0x02, 0x00, 0x00}));
        ASSERT_TRUE(session.connected());
        for (const Qos qos : {Qos::at_most_once, Qos::at_least_once, Qos::exactly_once}) {
            ASSERT_EQ(session.publish({"a/b", payload, qos}).status, Status::ok);
        }
        const Subscription subscription{"a/#", Qos::exactly_once};
        ASSERT_EQ(session.subscribe({&subscription, 1}).status, Status::ok);
        EXPECT_EQ(drain(session), 3U);  // QoS 0 and SUBSCRIBE leave in one piece
        EXPECT_EQ(receive(session, std::to_array<std::uint8_t>({0x34, 0x05, 0x00, 0x01, 'a', 0x00, 0x07})),
                  2U);
        EXPECT_EQ(receive(session, std::to_array<std::uint8_t>({0x62, 0x02, 0x00, 0x07})), 1U);
        session.tick(session.deadline());
        drain(session);
        session.transport_closed();
        drain(session);
    }
    EXPECT_EQ(allocations, before);
}

TEST(Allocation, AWholeLifeIn5WithoutAny) {
    static Memory memory;
    static std::array<std::uint8_t, 64> aliases_in;
    static std::array<std::uint8_t, 64> aliases_out;
    Storage storage = memory.spans();
    storage.aliases_in = aliases_in;
    storage.aliases_out = aliases_out;
    Limits limits;
    limits.topic_aliases_in = limits.topic_aliases_out = 4;
    const std::size_t before = allocations;

    Session session(storage, limits);
    ConnectOptions options;
    options.version = Version::v5;
    options.session_expiry_seconds = kNeverExpires;
    std::array<std::uint8_t, 64> room{};
    PropertyWriter properties(room);
    properties.number(Property::message_expiry_interval, 60).user("k", "v");
    const std::array<std::uint8_t, 1> payload{'x'};
    for (int life = 0; life < 3; ++life) {
        ASSERT_EQ(session.connect(0, options), Status::ok);
        drain(session);
        // CONNACK with a topic alias maximum of 10
        receive(session, std::to_array<std::uint8_t>({0x20, 0x06, 0x00, 0x00, 0x03, 0x22, 0x00, 0x0A}));
        ASSERT_TRUE(session.connected());
        for (const Qos qos : {Qos::at_most_once, Qos::at_least_once, Qos::exactly_once}) {
            ASSERT_EQ(session.publish({"a/b", payload, qos, false, properties.done()}).status, Status::ok);
        }
        EXPECT_EQ(drain(session), 3U);
        // PUBLISH with an alias, then by the alias alone
        EXPECT_EQ(receive(session,
                          std::to_array<std::uint8_t>({0x30, 0x07, 0x00, 0x01, 'a', 0x03, 0x23, 0x00, 0x01})),
                  1U);
        EXPECT_EQ(
            receive(session, std::to_array<std::uint8_t>({0x30, 0x06, 0x00, 0x00, 0x03, 0x23, 0x00, 0x01})),
            1U);
        ASSERT_EQ(session.disconnect(ReasonCode::disconnect_with_will), Status::ok);
        drain(session);
    }
    EXPECT_EQ(allocations, before);
}

// The promise for small boards: at most 2 KiB besides the buffers, the effect in hand and a CONNECT's options
// included. Made on a 64-bit machine: pointers are half as large there.
static_assert(sizeof(Session) <= 512);
static_assert(sizeof(Effect) <= 160);
static_assert(sizeof(Session) + sizeof(Effect) + sizeof(ConnectOptions) <= 2048);

}  // namespace
}  // namespace countersign::mqtt
