#include "bench/device/counted.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "bench/support/board.h"
#include "bench/support/support.h"

namespace countersign::bench {
namespace fs = std::filesystem;
using Json = nlohmann::json;
namespace {

constexpr const char* kScript = "bench/device/measure.py";

Json count_on(const fs::path& folder, const Host& host, bool native) {
    const std::string name = native ? "counted-native" : "counted-python";
    Board board(folder / name, Chip::riscv, native);
    host.load(board, name);
    const auto answer_when_asked = [&](std::string_view line) {
        if (line.find("# ready to renew") != std::string_view::npos) host.renew(name);
    };
    const auto figures =
        board.run(kScript, {{"built_in", native}}, std::chrono::minutes(10), answer_when_asked);
    expect(figures.size() == 1, "counting on the RISC-V board");
    return figures.front();
}

using Row = std::pair<const char*, const char*>;  // measure.py's name, and ours
constexpr std::array kRows{
    Row{"key", "a new key"},
    Row{"request", "a signed request"},
    Row{"signature", "a signature"},
    Row{"verification", "a verification"},
    Row{"tls_full", "TLS handshake, full"},
    Row{"tls_known", "TLS handshake, full, with a known broker"},
    Row{"tls_resumed", "TLS handshake, resumed"},
    Row{"connect", "connect"},
    Row{"connect_again", "connect again"},
    Row{"publish_qos0", "publish, QoS 0"},
    Row{"publish_qos1", "publish, QoS 1"},
    Row{"renewal", "a renewal"},
};

std::string cell(const Json& counted, const char* kind, const char* row, const char* figure, double unit,
                 const char* format) {
    const auto place = Json::json_pointer(fmt::format("/{}/{}/{}", kind, row, figure));
    if (!counted.contains(place)) return "–";
    return fmt::format(fmt::runtime(format), counted.at(place).get<double>() / unit);
}

}  // namespace

Json count_work(const fs::path& folder, const Host& host) {
    Json counted = Json::object();
    for (const bool native : {false, true}) {
        if (!Board::is_built(Chip::riscv, native)) continue;
        counted[native ? "native" : "python"] = count_on(folder, host, native);
    }
    return counted;
}

std::string counted_table(const Json& counted) {
    std::string table =
        "| | instructions, millions: Python | `_countersign` | peak heap + TLS, kB: Python | `_countersign` "
        "|\n"
        "|---|---|---|---|---|\n";
    for (const auto& [key, name] : kRows) {
        table += fmt::format("| {} ", name);
        for (const char* kind : {"python", "native"}) {
            table += fmt::format("| {} ", cell(counted, kind, key, "instructions", 1e6, "{:.2f}"));
        }
        for (const char* kind : {"python", "native"}) {
            table += fmt::format("| {} + {} ", cell(counted, kind, key, "heap", 1e3, "{:.1f}"),
                                 cell(counted, kind, key, "tls", 1e3, "{:.1f}"));
        }
        table += "|\n";
    }
    table += "| held while connected | | ";
    for (const char* kind : {"python", "native"}) {
        table += fmt::format("| {} + {} ", cell(counted, kind, "connect", "held", 1e3, "{:.1f}"),
                             cell(counted, kind, "connect", "held_tls", 1e3, "{:.1f}"));
    }
    return table + fmt::format("|\n| MQTT alone, {} of it buffers | | | | {} |\n",
                               cell(counted, "native", "mqtt", "buffers", 1e3, "{:.1f} kB"),
                               cell(counted, "native", "mqtt", "held", 1e3, "{:.1f}"));
}

}  // namespace countersign::bench
