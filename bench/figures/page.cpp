#include "bench/figures/page.h"

#include <fmt/format.h>

#include "bench/device/counted.h"
#include "bench/device/phases.h"
#include "bench/device/timed.h"
#include "bench/device/ways.h"
#include "bench/figures/goals.h"
#include "bench/figures/svg.h"
#include "bench/support/broker.h"

namespace countersign::bench {
namespace {

using Json = nlohmann::json;

constexpr const char* kAbsent = "Not measured.\n";

std::string text_of(const Json& json, const char* key) {
    return json.is_object() && json.contains(key) ? json.at(key).get<std::string>() : "not run";
}

std::string word(Verdict verdict) {
    switch (verdict) {
        case Verdict::met: return "met";
        case Verdict::missed: return "**missed**";
        case Verdict::not_measured: break;
    }
    return "not measured";
}

std::string goal_table(const Json& client, const Json& device) {
    std::string table = "| what | goal | measured | |\n|---|---|---|---|\n";
    for (const Goal& goal : judge(client, device)) {
        table +=
            fmt::format("| {} | {} | {} | {} |\n", goal.what, goal.goal, goal.measured, word(goal.verdict));
    }
    return table;
}

std::string message_table(const Json& client) {
    if (client.is_null()) return kAbsent;
    std::string table =
        "| | library | messages/s | client's CPU, µs each | broker's CPU, µs each |\n|---|---|---|---|---|\n";
    for (const Json& row : client.at("messages")) {
        table +=
            fmt::format("| {} | {} | {:.0f} | {:.2f} | {:.1f} |\n", row.at("task").get<std::string>(),
                        row.at("library").get<std::string>(), row.at("messages_per_second").get<double>(),
                        row.at("cpu_us").get<double>(), row.at("broker_cpu_us").get<double>());
    }
    return table;
}

std::string client_wire_table(const Json& client) {
    if (client.is_null()) return kAbsent;
    std::string table =
        "| TCP payload both ways, bytes | connect and disconnect | again | QoS 1, 64 B, each "
        "|\n|---|---|---|---|\n";
    for (const Json& row : client.at("wire")) {
        table += fmt::format("| {} | {} | {} | {:.1f} |\n", row.at("library").get<std::string>(),
                             row.at("connect_bytes").get<int>(), row.at("reconnect_bytes").get<int>(),
                             row.at("message_bytes").get<double>());
    }
    return table;
}

std::string libraries(const Json& client) {
    if (client.is_null()) return "not run";
    std::string list;
    for (const Json& one : client.at("libraries")) {
        if (!list.empty()) list += ", ";
        list += fmt::format("{} {}", one.at("name").get<std::string>(), one.at("version").get<std::string>());
    }
    return list;
}

std::string of_device(const Json& device, const char* part, std::string (*table)(const Json&)) {
    return device.is_object() && device.contains(part) ? table(device.at(part)) : kAbsent;
}

// As ratios: wall time is the machine's affair.
std::string connects_chart(const Json& timed) {
    Group group{"", {}};
    const double base = timed.at("connects").front().at("ms");
    for (const Json& row : timed.at("connects")) {
        const std::string way = row.at("way");
        group.bars.push_back(
            {way, row.at("ms").get<double>() / base, way == kNative.name || way == kResumed.name});
    }
    return bar_chart("mTLS connect from MicroPython to CONNACK; shorter is better", "× the first", {group});
}

std::string client_chart(const Json& client, const char* figure, const std::string& title,
                         const std::string& unit) {
    std::vector<Group> groups;
    for (const Json& row : client.at("messages")) {
        const std::string task = row.at("task"), library = row.at("library");
        if (groups.empty() || groups.back().title != task) groups.push_back({task, {}});
        groups.back().bars.push_back({library, row.at(figure), library == "countersign"});
    }
    return bar_chart(title, unit, groups);
}

std::string counted_chart(const Json& counted) {
    std::vector<Group> groups;
    for (const auto& [work, title] :
         {std::pair{"connect", "connect"}, std::pair{"connect_again", "connect again"},
          std::pair{"publish_qos0", "publish, QoS 0"}, std::pair{"publish_qos1", "publish, QoS 1"}}) {
        Group group{title, {}};
        for (const auto& [kind, name] :
             {std::pair{"python", "in Python"}, std::pair{"native", "`_countersign`"}}) {
            if (!counted.contains(kind)) continue;
            group.bars.push_back({name, counted.at(kind).at(work).at("instructions").get<double>() / 1e6,
                                  kind == std::string("native")});
        }
        groups.push_back(group);
    }
    return bar_chart("Instructions of a device (RV32); shorter is better", "M", groups);
}

}  // namespace

std::string performance_page(std::string text, const Json& client, const Json& device) {
    replace(text, "{{machine}}", text_of(device.is_null() ? client : device, "machine"));
    replace(text, "{{versions}}", text_of(device.is_null() ? client : device, "versions"));
    replace(text, "{{libraries}}", libraries(client));
    replace(text, "{{goals}}\n", goal_table(client, device));
    replace(text, "{{connects}}\n", of_device(device, "timed", connects_table));
    replace(text, "{{publish}}\n", of_device(device, "timed", publish_table));
    replace(text, "{{device wire}}\n", of_device(device, "timed", wire_table));
    replace(text, "{{counted}}\n", of_device(device, "counted", counted_table));
    replace(text, "{{phases}}\n", of_device(device, "phases", phases_table));
    replace(text, "{{messages}}\n", message_table(client));
    replace(text, "{{client wire}}\n", client_wire_table(client));
    return text;
}

std::map<std::string, std::string> performance_charts(const Json& client, const Json& device) {
    std::map<std::string, std::string> charts;
    if (client.is_object()) {
        charts["performance-client-rate.svg"] = client_chart(
            client, "messages_per_second", "Host client over TLS, messages a second; longer is better", "/s");
        charts["performance-client-cpu.svg"] =
            client_chart(client, "cpu_us", "Host client, CPU for a message; shorter is better", "µs");
    }
    if (device.is_object() && device.contains("timed")) {
        charts["performance-connect.svg"] = connects_chart(device.at("timed"));
    }
    if (device.is_object() && device.contains("counted")) {
        charts["performance-counted.svg"] = counted_chart(device.at("counted"));
    }
    return charts;
}

}  // namespace countersign::bench
