#include "bench/device/phases.h"

#include <fmt/format.h>

#include <array>

#include "bench/support/board.h"
#include "bench/support/support.h"

namespace countersign::bench {
namespace fs = std::filesystem;
using Json = nlohmann::json;
namespace {

constexpr const char* kScript = "bench/device/memory.py";
// As memory.py names them; what came before is no matter of the package.
constexpr const char* kBefore = "REPL";
constexpr std::array kPhases{"plain client connected", "imported", "prepared", "connected",
                             "after a renewal"};

Json weigh_on(const fs::path& folder, const Host& host, bool native) {
    const std::string name = native ? "memory-native" : "memory-python";
    Board board(folder / name, Chip::riscv, native);
    host.load(board, name);
    const auto answer_when_asked = [&](std::string_view line) {
        if (line.find("# ready to renew") != std::string_view::npos) host.renew(name);
    };
    const auto figures = board.run(kScript, {{"host", "127.0.0.1"}, {"port", host.port()}, {"renewal", true}},
                                   std::chrono::minutes(10), answer_when_asked);
    expect(figures.size() == 1, "weighing on the RISC-V board");
    return figures.front();
}

std::string heap_cell(const Json& weighed, const char* kind, const char* phase) {
    const auto place = [&](const char* of) {
        return Json::json_pointer(fmt::format("/{}/{}/heap", kind, of));
    };
    if (!weighed.contains(place(phase))) return "–";
    const double bytes = weighed.at(place(phase)).get<double>() - weighed.at(place(kBefore)).get<double>();
    return fmt::format("{:.1f}", bytes / 1e3);
}

std::string idf_cell(const Json& weighed, const char* kind, const char* phase) {
    const auto place = Json::json_pointer(fmt::format("/{}/{}", kind, phase));
    if (!weighed.contains(place)) return "–";
    const auto& at = weighed.at(place);
    return fmt::format("{:.1f} / {:.1f}", at.value("free", 0.0) / 1e3, at.value("largest", 0.0) / 1e3);
}

}  // namespace

Json weigh_phases(const fs::path& folder, const Host& host) {
    Json weighed = Json::object();
    for (const bool native : {false, true}) {
        if (!Board::is_built(Chip::riscv, native)) continue;
        weighed[native ? "native" : "python"] = weigh_on(folder, host, native);
    }
    return weighed;
}

std::string phases_table(const Json& weighed) {
    std::string table =
        "| kB | Python's heap: Python | `_countersign` | ESP-IDF's free / largest block: Python | "
        "`_countersign` |\n"
        "|---|---|---|---|---|\n";
    for (const char* phase : kPhases) {
        table += fmt::format("| {} ", phase);
        for (const char* kind : {"python", "native"})
            table += fmt::format("| {} ", heap_cell(weighed, kind, phase));
        for (const char* kind : {"python", "native"})
            table += fmt::format("| {} ", idf_cell(weighed, kind, phase));
        table += "|\n";
    }
    return table;
}

}  // namespace countersign::bench
