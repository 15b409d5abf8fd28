#include "bench/figures/goals.h"

#include <fmt/format.h>

#include <cmath>
#include <optional>

#include "bench/device/ways.h"

namespace countersign::bench {
namespace {

using Json = nlohmann::json;
using Figure = std::optional<double>;

constexpr int kMostMqttRam = 2048;  // bytes

const Json* at(const Json& json, const std::string& pointer) {
    const Json::json_pointer place(pointer);
    return json.is_object() && json.contains(place) ? &json.at(place) : nullptr;
}

// The figure of the row of this way, of those with the other two when they are given.
Figure figure(const Json& device, const std::string& rows, const char* way, const char* name, int qos = -1,
              int together = -1) {
    const Json* all = at(device, "/timed/" + rows);
    if (all == nullptr) return std::nullopt;
    for (const Json& row : *all) {
        if (row.at("way") != way || (qos >= 0 && row.at("qos") != qos)) continue;
        if (together >= 0 && row.at("together") != together) continue;
        return row.at(name).get<double>();
    }
    return std::nullopt;
}

Figure instructions(const Json& device, const std::string& kind, const std::string& work) {
    const Json* value = at(device, fmt::format("/counted/{}/{}/instructions", kind, work));
    return value == nullptr ? std::nullopt : Figure(value->get<double>());
}

Goal at_most(std::string what, double share, std::string goal, const Figure& ours, const Figure& theirs) {
    Goal row{std::move(what), std::move(goal), "–", Verdict::not_measured};
    if (!ours || !theirs || *theirs <= 0) return row;
    row.measured = fmt::format("{:.3g} times", *ours / *theirs);
    row.verdict = *ours <= share * *theirs ? Verdict::met : Verdict::missed;
    return row;
}

Goal at_least(std::string what, double times, const Figure& ours, const Figure& theirs) {
    Goal row{std::move(what), fmt::format("at least {} times", times), "–", Verdict::not_measured};
    if (!ours || !theirs || *theirs <= 0) return row;
    row.measured = fmt::format("{:.3g} times", *ours / *theirs);
    row.verdict = *ours >= times * *theirs ? Verdict::met : Verdict::missed;
    return row;
}

void judge_device(const Json& device, std::vector<Goal>& goals) {
    const auto ms = [&device](const Way& way) { return figure(device, "connects", way.name, "ms"); };
    const auto rate = [&device](const Way& way, int qos, int together) {
        return figure(device, "publish", way.name, "per_second", qos, together);
    };
    goals.push_back(
        at_most("full mTLS connect from MicroPython, `_countersign` against `tls` with TCP_NODELAY", 1,
                "no slower", ms(kNative), ms(kPlainNoDelay)));
    goals.push_back(
        at_most("the same against `tls` as it comes", 1.0 / 3, "at most 1/3", ms(kNative), ms(kPlain)));
    goals.push_back(at_most("the first connect after power-on, against `tls` with TCP_NODELAY", 1,
                            "no slower", ms(kNativeFirst), ms(kPlainNoDelay)));
    goals.push_back(at_most("TLS handshake resumed against full, RV32 instructions", 1.0 / 50, "at most 1/50",
                            instructions(device, "native", "tls_resumed"),
                            instructions(device, "native", "tls_full")));
    goals.push_back(at_least("publish QoS 0 from MicroPython, `_countersign` against the package in Python",
                             10, rate(kNative, 0, 1), rate(kPython, 0, 1)));
    goals.push_back(at_least("publish QoS 1, each awaited", 5, rate(kNative, 1, 1), rate(kPython, 1, 1)));
    goals.push_back(at_least("publish QoS 1, a full window on its way", 5, rate(kNative, 1, kWindow),
                             rate(kPython, 1, kWindow)));
    // Whole ones: signatures, of a length that varies by a byte or two, are in the difference of connections.
    const auto bytes = [&device](const Way& way, const char* name) -> Figure {
        const Figure mean = figure(device, "wire", way.name, name);
        return mean ? Figure(std::round(*mean)) : mean;
    };
    for (const auto& [name, what] : {std::pair{"connect_bytes", "bytes of a full connect, device"},
                                     std::pair{"reconnect_bytes", "bytes of a connect again, device"},
                                     std::pair{"message_bytes", "bytes of a message, device"}}) {
        goals.push_back(at_most(what, 1, "no peer lower", bytes(kNative, name), bytes(kPlainNoDelay, name)));
    }
}

// Of the RISC-V board, where MicroPython's heap counts every block.
void judge_memory(const Json& device, std::vector<Goal>& goals) {
    Goal held{"RAM held by a connected client with `_countersign`, heap + TLS", "printed", "–",
              Verdict::not_measured};
    if (const Json* connect = at(device, "/counted/native/connect"); connect && connect->contains("held")) {
        held.measured =
            fmt::format("{} + {} bytes", connect->at("held").get<int>(), connect->at("held_tls").get<int>());
        held.verdict = Verdict::met;
    }
    goals.push_back(held);
    Goal alone{"RAM of MQTT alone, beside its buffers", "at most 2048 bytes", "–", Verdict::not_measured};
    if (const Json* mqtt = at(device, "/counted/native/mqtt")) {
        const int rest = mqtt->at("held").get<int>() - mqtt->at("buffers").get<int>();
        alone.measured = fmt::format("{} bytes", rest);
        alone.verdict = rest <= kMostMqttRam ? Verdict::met : Verdict::missed;
    }
    goals.push_back(alone);
}

// The client's benchmark has judged for itself: it knows which peer was the better one.
void judge_client(const Json& client, std::vector<Goal>& goals) {
    const Json* judged = at(client, "/goals");
    if (judged == nullptr) {
        goals.push_back({"host client", "ahead of both peers", "–", Verdict::not_measured});
        return;
    }
    for (const Json& one : *judged) {
        const std::string what = one.at("what");
        const bool bytes = what.find("bytes") == 0;
        goals.push_back({"host client, " + what, bytes ? "no peer lower" : "ahead of both peers",
                         fmt::format("{:.3g} times as good as {}", one.at("ratio").get<double>(),
                                     one.at("peer").get<std::string>()),
                         one.at("met").get<bool>() ? Verdict::met : Verdict::missed});
    }
}

}  // namespace

std::vector<Goal> judge(const Json& client, const Json& device) {
    std::vector<Goal> goals;
    judge_device(device, goals);
    judge_memory(device, goals);
    judge_client(client, goals);
    return goals;
}

}  // namespace countersign::bench
