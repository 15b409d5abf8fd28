// What a message costs in the MQTT core alone: handed in, sent, acknowledged; for windows of growing size, so
// that anything that grows with the window shows.
#include <benchmark/benchmark.h>

#include <array>
#include <vector>

#include "core/mqtt/session.h"

namespace countersign::mqtt {
namespace {

constexpr std::size_t kStorePerMessage = 128;

struct Connected {
    Connected(std::size_t window, Version version)
        : receive(1024),
          transmit(4096),
          store(kStorePerMessage * (window + 1)),
          outgoing(window + window / 2 + 1),
          incoming(64),
          session({receive, transmit, store, outgoing, incoming},
                  {.max_inflight = static_cast<std::uint16_t>(window)}) {
        ConnectOptions options;
        options.version = version;
        options.client_id = "d1";
        (void)session.connect(0, options);
        drain();
        const std::vector<std::uint8_t> yes = version == Version::v5
                                                  ? std::vector<std::uint8_t>{0x20, 0x03, 0x00, 0x00, 0x00}
                                                  : std::vector<std::uint8_t>{0x20, 0x02, 0x00, 0x00};
        receives(yes);
    }
    void drain() {
        Effect effect;
        while (session.next(effect)) benchmark::DoNotOptimize(effect);
    }
    void receives(Bytes bytes) {
        (void)session.bytes_received(0, bytes);
        drain();
    }

    std::vector<std::uint8_t> receive, transmit, store;
    std::vector<Slot> outgoing;
    std::vector<std::uint16_t> incoming;
    Session session;
};

const std::array<std::uint8_t, 64> kPayload{};
constexpr const char* kTopic = "devices/user1/temperature";

Version version_of(const benchmark::State& state) {
    return state.range(0) == 5 ? Version::v5 : Version::v3_1_1;
}

void publish_qos_0(benchmark::State& state) {
    Connected connected(20, version_of(state));
    for (auto _ : state) {
        (void)connected.session.publish({kTopic, kPayload, Qos::at_most_once});
        connected.drain();
    }
    state.SetItemsProcessed(state.iterations());
}

// The window is full all the time: one message in, the oldest acknowledged.
void publish_qos_1(benchmark::State& state) {
    const auto window = static_cast<std::size_t>(state.range(1));
    Connected connected(window, version_of(state));
    std::vector<std::uint16_t> ids(window);
    for (std::uint16_t& id : ids)
        id = connected.session.publish({kTopic, kPayload, Qos::at_least_once}).packet_id;
    connected.drain();
    std::size_t oldest = 0;
    for (auto _ : state) {
        std::uint16_t& id = ids[oldest];
        oldest = (oldest + 1) % window;
        const std::array<std::uint8_t, 4> puback{0x40, 0x02, static_cast<std::uint8_t>(id >> 8),
                                                 static_cast<std::uint8_t>(id & 0xFF)};
        connected.receives(puback);
        id = connected.session.publish({kTopic, kPayload, Qos::at_least_once}).packet_id;
        connected.drain();
    }
    state.SetItemsProcessed(state.iterations());
}

void receive_qos_1(benchmark::State& state) {
    Connected connected(20, version_of(state));
    std::array<std::uint8_t, 128> packet{};
    const std::size_t size =
        encode_publish({kTopic, kPayload, Qos::at_least_once}, 7, packet, version_of(state));
    for (auto _ : state) connected.receives(Bytes(packet).first(size));
    state.SetItemsProcessed(state.iterations());
}

BENCHMARK(publish_qos_0)->Arg(3)->Arg(5);
BENCHMARK(publish_qos_1)->Args({3, 20})->Args({3, 1000})->Args({3, 30000})->Args({5, 20})->Args({5, 1000});
BENCHMARK(receive_qos_1)->Arg(3)->Arg(5);

}  // namespace
}  // namespace countersign::mqtt

BENCHMARK_MAIN();
