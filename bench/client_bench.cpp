// What a message costs a program on the host: our client beside libmosquitto and Paho C, in one run.
//
// client_bench [MESSAGES] [--json FILE] [--only LIBRARY] [--task "receive QoS 0"]: the same real Mosquitto,
// TLS 1.3 with AES-128-GCM, window of 20 messages in flight, payloads; each library in a forked process of
// its own, by turns, so that whatever else the machine does falls on all alike; medians. CPU time is the
// client's, in all its threads. Then a relay counts TCP's payload, both ways. The figures are compared with
// the better peer's.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bench/client/child.h"
#include "bench/client/peer.h"
#include "bench/figures/figures.h"
#include "bench/support/broker.h"
#include "bench/support/counting_relay.h"
#include "bench/support/support.h"
#include "bench/support/versions.h"
#include "host/base/error.h"

namespace {

using namespace countersign;         // NOLINT(google-build-using-namespace)
using namespace countersign::bench;  // NOLINT(google-build-using-namespace)
namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr std::size_t kPublishRounds = 5;
constexpr std::size_t kReceiveRounds = 16;       // short ones, whose cost the scheduler has a hand in
constexpr std::size_t kDefaultMessages = 5'000;  // each round
constexpr std::size_t kWireMessages = 1'000;
constexpr std::size_t kMostReceived = 9'000;  // Mosquitto keeps 10,000 for a receiver that is slower
constexpr std::size_t kWarmUp = 200;          // messages that do not count: allocators, TCP's windows

// One version and one cipher for all.
void one_kind_of_tls(std::string& configuration) {
    replace(configuration, "tls_version tlsv1.2",
            "tls_version tlsv1.3\nciphers_tls1.3 TLS_AES_128_GCM_SHA256");
}

Target device(const fs::path& home, std::size_t i, std::uint16_t port) {
    const std::string name = device_name(i);
    const fs::path folder = home / "devices" / name;
    return {port, name, folder / (name + ".crt.pem"), folder / (name + ".key.pem"), folder / "ca.crt.pem"};
}

std::string topic_of(const Target& target) {
    return "devices/" + target.client_id + "/measurement";
}

// --- messages

// receive: messages that are there already, so that the receiver sets the pace. follow: as they are
// published, where publisher and broker do.
enum class Way : std::uint8_t { publish, receive, follow };

constexpr std::string_view kOneByOne = ", one by one";  // of a task's name

struct Task {
    Way way;
    int qos;
    std::size_t payload;
    [[nodiscard]] std::string name() const {
        return fmt::format("{} QoS {}, {} B{}", way == Way::publish ? "publish" : "receive", qos, payload,
                           way == Way::follow ? kOneByOne : "");
    }
};

Cost publish(const Library& library, const Target& target, const Task& task, std::size_t messages) {
    Child child([&](Stopwatch& stopwatch, const auto&) {
        const auto peer = library.make(target);
        const std::string payload(task.payload, 'x');
        peer->connect();
        peer->publish(topic_of(target), payload, task.qos, kWarmUp);
        stopwatch.start();
        peer->publish(topic_of(target), payload, task.qos, messages);
        stopwatch.stop();
        peer->disconnect();
    });
    return child.finish();
}

// The library under test publishes nothing: another client does, and the broker passes it on.
Cost receive(const Library& library, const Target& target, const Target& sender, const Task& task,
             std::size_t messages) {
    Child receiver([&](Stopwatch& stopwatch, const auto& ready) {
        const auto peer = library.make(target);
        peer->connect();
        peer->subscribe(topic_of(target), task.qos);
        ready();
        peer->receive(kWarmUp);
        stopwatch.start();
        peer->receive(kWarmUp + messages);
        stopwatch.stop();
        peer->disconnect();
    });
    receiver.wait_until_ready();
    if (task.way == Way::receive) receiver.pause();
    Child publisher([&](Stopwatch&, const auto&) {
        const auto peer = countersign_library().make(sender);
        peer->connect();
        peer->publish(topic_of(target), std::string(task.payload, 'x'), 1, kWarmUp + messages);
        peer->disconnect();
    });
    if (task.way == Way::follow) {
        const Cost cost = receiver.finish();
        (void)publisher.finish();
        return cost;
    }
    (void)publisher.finish();
    receiver.go_on();
    return receiver.finish();
}

// A message nobody acknowledges takes a tenth of the time of one that is, where another client publishes
// half; and clocks are coarse.
std::size_t messages_of(const Task& task, std::size_t wanted) {
    if (task.way == Way::follow && task.qos == 0) return 4 * wanted;
    if (task.way != Way::publish) return std::min(wanted, kMostReceived);
    return task.qos == 0 ? 10 * wanted : wanted;
}

struct Figures {
    std::vector<double> per_second, cpu_us, broker_us;  // one for each round
};

void measure(const std::vector<Library>& libraries, const fs::path& home, const Broker& broker,
             const Target& sender, const Task& task, std::size_t wanted, Json& json) {
    const std::size_t messages = messages_of(task, wanted);
    const auto count = static_cast<double>(messages);
    const std::size_t rounds = task.way == Way::publish ? kPublishRounds : kReceiveRounds;
    std::vector<Figures> figures(libraries.size());
    for (std::size_t round = 0; round < rounds; ++round) {
        for (std::size_t turn = 0; turn < libraries.size(); ++turn) {
            const std::size_t i =
                (round + turn) % libraries.size();  // nobody always comes after the same one
            const Target target = device(home, 0, kPort);
            const double before = cpu_seconds(broker.pid());
            const Cost cost = task.way == Way::publish
                                  ? publish(libraries[i], target, task, messages)
                                  : receive(libraries[i], target, sender, task, messages);
            figures[i].per_second.push_back(count / cost.wall);
            figures[i].cpu_us.push_back(cost.cpu * 1e6 / count);
            figures[i].broker_us.push_back((cpu_seconds(broker.pid()) - before) * 1e6 / count);
        }
    }
    fmt::print("\n{:<28}{:>14}{:>14}{:>20}\n", task.name(), "messages/s", "CPU us each", "broker's CPU us");
    for (std::size_t i = 0; i < libraries.size(); ++i) {
        const double per_second = percentile(figures[i].per_second, 0.5);
        const double cpu = percentile(figures[i].cpu_us, 0.5);
        const double by_broker = percentile(figures[i].broker_us, 0.5);
        fmt::print("{:<28}{:>14.0f}{:>14.2f}{:>20.1f}\n", libraries[i].name, per_second, cpu, by_broker);
        json["messages"].push_back({{"library", libraries[i].name},
                                    {"task", task.name()},
                                    {"messages_per_second", per_second},
                                    {"cpu_us", cpu},
                                    {"broker_cpu_us", by_broker}});
    }
}

// --- bytes

// Connects three times in one process, so that what a library keeps of the first TLS session can serve.
std::vector<Carried> wire(const Library& library, const fs::path& home) {
    CountingRelay relay(kPort);
    const Target target = device(home, 0, relay.port());
    Child child([&](Stopwatch&, const auto&) {
        const auto peer = library.make(target);
        for (int i = 0; i < 3; ++i) {
            peer->connect();
            if (i == 2) peer->publish(topic_of(target), std::string(64, 'x'), 1, kWireMessages);
            peer->disconnect();
        }
    });
    relay.start();
    (void)child.finish();
    return relay.finish();
}

void measure_wire(const std::vector<Library>& libraries, const fs::path& home, Json& json) {
    fmt::print("\n{:<28}{:>14}{:>14}{:>20}\n", "bytes on the wire", "connect", "again", "QoS 1, 64 B, each");
    for (const Library& library : libraries) {
        const auto connections = wire(library, home);
        expect(connections.size() == 3, "connecting three times");
        const std::size_t full = connections[0].both(), again = connections[1].both();
        const double each = static_cast<double>(connections[2].both() - again) / kWireMessages;
        fmt::print("{:<28}{:>14}{:>14}{:>20.1f}\n", library.name, full, again, each);
        json["wire"].push_back({{"library", library.name},
                                {"connect_bytes", full},
                                {"reconnect_bytes", again},
                                {"message_bytes", each}});
    }
}

// --- goals

// Ours comes first in every group of rows with the same `task`; the better peer is the measure.
void compare(const Json& rows, const std::string& figure, const std::string& what, bool more_is_better,
             double slack, Json& goals) {
    double ours = 0, peer = more_is_better ? 0 : 1e300;
    std::string name;
    for (const Json& row : rows) {
        const double value = row.at(figure);
        if (row.at("library") == countersign_library().name) {
            ours = value;
        } else if (more_is_better ? value > peer : value < peer) {
            peer = value;
            name = row.at("library");
        }
    }
    const double ratio = more_is_better ? ours / peer : peer / ours;
    const bool met = ratio >= slack;
    fmt::print("{:<44}{:>7.2f} times as good as {:<26}{}\n", what, ratio, name, met ? "met" : "missed");
    goals.push_back({{"what", what}, {"ratio", ratio}, {"peer", name}, {"met", met}});
}

void print_goals(Json& json) {
    fmt::print("\nGoal: ahead of the better peer; no peer lower in bytes\n");
    std::vector<std::string> tasks;
    std::map<std::string, Json> by_task;
    for (const Json& row : json["messages"]) {
        const std::string task = row.at("task");
        if (!by_task.contains(task)) tasks.push_back(task);
        by_task[task].push_back(row);
    }
    Json goals = Json::array();
    for (const auto& task : tasks) {
        if (!task.ends_with(kOneByOne)) {
            compare(by_task[task], "messages_per_second", task + ": messages/s", true, 1, goals);
        }
        compare(by_task[task], "cpu_us", task + ": CPU each", false, 1, goals);
    }
    compare(json["wire"], "connect_bytes", "bytes of a connect", false, 1, goals);
    compare(json["wire"], "reconnect_bytes", "bytes of a connect again", false, 1, goals);
    compare(json["wire"], "message_bytes", "bytes of a message", false, 1, goals);
    json["goals"] = goals;
}

// --- all of it

struct Wanted {
    std::size_t messages = kDefaultMessages;
    fs::path json_file = figures_file("client");
    std::string only, task;  // to profile one of them
};

void run(const Wanted& wanted) {
    std::vector<Library> libraries{countersign_library(), libmosquitto_library(),
                                   libmosquitto_threaded_library(), paho_library()};
    if (!wanted.only.empty()) {
        std::erase_if(libraries, [&](const Library& library) { return library.name != wanted.only; });
    }
    const std::size_t messages = wanted.messages;
    Json json{{"machine", machine()},
              {"versions", versions()},
              {"messages_each_round", messages},
              {"rounds", kPublishRounds},
              {"receive_rounds", kReceiveRounds}};
    fmt::print("{}\n", json["machine"].get<std::string>());
    for (const Library& library : libraries) {
        fmt::print("{} {}; ", library.name, library.version);
        json["libraries"].push_back({{"name", library.name}, {"version", library.version}});
    }
    fmt::print("{} messages each of {} rounds\n", messages, kPublishRounds);

    const TemporaryFolder folder;
    const fs::path home = folder.path() / "home";
    make_home(home, 1);
    const fs::path own = home / "operator";
    const Target sender{kPort, "operator~operator/bench", own / "operator.crt.pem", own / "operator.key.pem",
                        own / "ca.crt.pem"};
    const Broker broker(home, one_kind_of_tls);
    for (const Task& task : {Task{Way::publish, 0, 64}, Task{Way::publish, 1, 64},
                             Task{Way::publish, 1, 1024}, Task{Way::receive, 0, 64},
                             Task{Way::receive, 1, 64}, Task{Way::follow, 0, 64}, Task{Way::follow, 1, 64}}) {
        if (task.name().starts_with(wanted.task)) {
            measure(libraries, home, broker, sender, task, messages, json);
        }
    }
    if (!wanted.task.empty()) return;
    measure_wire(libraries, home, json);
    if (!wanted.only.empty()) return;
    print_goals(json);
    write_figures(wanted.json_file, json);
}

Wanted wanted_from(int argc, char** argv) {
    Wanted wanted;
    for (int i = 1; i < argc; ++i) {
        const std::string_view argument = argv[i];
        if (argument == "--json" && i + 1 < argc) {
            wanted.json_file = argv[++i];
        } else if (argument == "--only" && i + 1 < argc) {
            wanted.only = argv[++i];
        } else if (argument == "--task" && i + 1 < argc) {
            wanted.task = argv[++i];
        } else {
            std::from_chars(argument.data(), argument.data() + argument.size(), wanted.messages);
        }
    }
    wanted.messages = std::max<std::size_t>(wanted.messages, 2);
    return wanted;
}

}  // namespace

// Benchmarks tell; they do not gate.
int main(int argc, char** argv) {
    std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
    try {
        run(wanted_from(argc, argv));
    } catch (const std::exception& error) {
        fmt::print("not measured: {}\n", error.what());
    }
    return 0;
}
