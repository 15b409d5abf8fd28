#include "bench/device/timed.h"

#include <fmt/format.h>

#include <map>
#include <tuple>
#include <vector>

#include "bench/device/ways.h"
#include "bench/support/counting_relay.h"
#include "bench/support/support.h"

namespace countersign::bench {
namespace fs = std::filesystem;
using Json = nlohmann::json;
namespace {

constexpr const char* kScript = "bench/device/timed.py";

struct Task {
    const char* name;
    int count;
    int qos = 0;
    int together = 1;
};

class Boards {
  public:
    Boards(const fs::path& folder, const Host& host)
        : firmware_(folder / "timed-python", Chip::computer, false),
          native_(folder / "timed-native", Chip::computer, true),
          port_(host.port()) {
        // Names of one length: they are in what the wire carries.
        host.load(firmware_, "timed-python");
        host.load(native_, "timed-native");
    }

    [[nodiscard]] std::vector<Json> run(const Way& way, const Task& task, std::uint16_t port = 0) {
        Board& board = way.native_firmware ? native_ : firmware_;
        const Json settings{{"way", way.package ? "package" : "plain"},
                            {"nodelay", way.nodelay},
                            {"resume", way.resume},
                            {"anew", way.anew},
                            {"host", "127.0.0.1"},
                            {"port", port == 0 ? port_ : port},
                            {"task", task.name},
                            {"count", task.count},
                            {"qos", task.qos},
                            {"together", task.together}};
        return board.run(kScript, settings, std::chrono::minutes(3));
    }

  private:
    Board firmware_, native_;
    std::uint16_t port_;  // the broker's
};

Json connects(Boards& boards, const TimedOptions& options) {
    const std::vector<Way> ways{kPlain, kPlainNoDelay, kPlainQuick, kPython, kNativeFirst, kNative, kResumed};
    std::vector<std::vector<double>> ms(ways.size());
    for (int round = 0; round < options.rounds; ++round) {
        for (std::size_t i = 0; i < ways.size(); ++i) {
            const auto results = boards.run(ways[i], {"connect", options.connects});
            expect(results.size() == static_cast<std::size_t>(options.connects), ways[i].name);
            for (const Json& one : results) {
                expect(one.at("resumed") == ways[i].resume, fmt::format("resuming: {}", ways[i].name));
                ms[i].push_back(one.at("us").get<double>() / 1000);
            }
        }
    }
    Json rows = Json::array();
    for (std::size_t i = 0; i < ways.size(); ++i) {
        rows.push_back({{"way", ways[i].name}, {"ms", percentile(ms[i], 0.5)}});
    }
    return rows;
}

struct Publishing {
    Way way;
    int qos;
    int together;
};

Json publish(Boards& boards, const TimedOptions& options) {
    const std::vector<Publishing> all{{kPlain, 0, 1},  {kPlainNoDelay, 0, 1}, {kPython, 0, 1},
                                      {kNative, 0, 1}, {kPlainNoDelay, 1, 1}, {kPython, 1, 1},
                                      {kNative, 1, 1}, {kPython, 1, kWindow}, {kNative, 1, kWindow}};
    std::vector<std::vector<double>> per_second(all.size());
    for (int round = 0; round < options.rounds; ++round) {
        for (std::size_t i = 0; i < all.size(); ++i) {
            const int count =
                all[i].way.package && !all[i].way.native_firmware ? options.messages / 10 : options.messages;
            const Task task{"publish", count, all[i].qos, all[i].together};
            const auto results = boards.run(all[i].way, task);
            expect(results.size() == 1, all[i].way.name);
            per_second[i].push_back(count * 1e6 / results[0].at("us").get<double>());
        }
    }
    Json rows = Json::array();
    for (std::size_t i = 0; i < all.size(); ++i) {
        rows.push_back({{"way", all[i].way.name},
                        {"qos", all[i].qos},
                        {"together", all[i].together},
                        {"per_second", percentile(per_second[i], 0.5)}});
    }
    return rows;
}

Json wire(Boards& boards, std::uint16_t port) {
    constexpr int kMessages = 500;
    Json rows = Json::array();
    for (Way way : {kPlainNoDelay, kPython, kResumed}) {
        CountingRelay relay(port);
        relay.start();
        (void)boards.run(way, {"wire", kMessages, 1}, relay.port());
        const auto carried = relay.finish();
        expect(carried.size() == 3, "connecting three times");
        const std::size_t again = carried[1].both();
        rows.push_back({{"way", way.resume ? kNative.name : way.name},
                        {"connect_bytes", carried[0].both()},
                        {"reconnect_bytes", again},
                        {"message_bytes", static_cast<double>(carried[2].both() - again) / kMessages}});
    }
    return rows;
}

}  // namespace

Json time_work(const fs::path& folder, const Host& host, const TimedOptions& options) {
    Boards boards(folder, host);
    Json timed;
    timed["connects"] = connects(boards, options);
    timed["publish"] = publish(boards, options);
    timed["wire"] = wire(boards, host.port());
    timed["rounds"] = options.rounds;
    return timed;
}

std::string connects_table(const Json& timed) {
    std::string table = "| full connect, to CONNACK | ms |\n|---|---|\n";
    for (const Json& row : timed.at("connects")) {
        table +=
            fmt::format("| {} | {:.1f} |\n", row.at("way").get<std::string>(), row.at("ms").get<double>());
    }
    return table;
}

std::string publish_table(const Json& timed) {
    std::string table =
        "| publish, 64 bytes | QoS | on their way at once | messages/s |\n|---|---|---|---|\n";
    for (const Json& row : timed.at("publish")) {
        table += fmt::format("| {} | {} | {} | {:.0f} |\n", row.at("way").get<std::string>(),
                             row.at("qos").get<int>(), row.at("together").get<int>(),
                             row.at("per_second").get<double>());
    }
    return table;
}

std::string wire_table(const Json& timed) {
    std::string table =
        "| TCP payload both ways, bytes | connect and disconnect | again | QoS 1, 64 B, each |\n"
        "|---|---|---|---|\n";
    for (const Json& row : timed.at("wire")) {
        table += fmt::format("| {} | {} | {} | {:.1f} |\n", row.at("way").get<std::string>(),
                             row.at("connect_bytes").get<int>(), row.at("reconnect_bytes").get<int>(),
                             row.at("message_bytes").get<double>());
    }
    return table;
}

}  // namespace countersign::bench
