// What a device pays: the package on real MicroPython, against real Mosquitto with the plugin.
//
// device_bench [ROUNDS] [--json FILE] [--only counted|timed]: the RISC-V board counts instructions and
// memory; the virtual board times, by turns, a plain client over the firmware's `tls`, the package in Python
// and the package with `_countersign`, and a relay counts TCP's payload. A run of one of the two keeps the
// last figures of the other. Needs the boards: device/board/*/build.sh.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <string>

#include "bench/device/counted.h"
#include "bench/device/timed.h"
#include "bench/figures/figures.h"
#include "bench/support/support.h"
#include "bench/support/versions.h"
#include "host/base/files.h"

namespace {

using namespace countersign;         // NOLINT(google-build-using-namespace)
using namespace countersign::bench;  // NOLINT(google-build-using-namespace)
namespace fs = std::filesystem;

struct Wanted {
    TimedOptions timed;
    fs::path json_file = figures_file("device");
    std::string only;
};

void run(const Wanted& wanted) {
    auto json = wanted.only.empty() ? nlohmann::json() : read_figures("device").value_or(nullptr);
    json["machine"] = machine();
    json["versions"] = versions();
    fmt::print("{}; {}\n", machine(), versions());
    const TemporaryFolder folder;
    const Host host(folder.path());
    if (wanted.only != "counted") {
        const auto& timed = json["timed"] = time_work(folder.path(), host, wanted.timed);
        fmt::print("\n{}\n{}\n{}", connects_table(timed), publish_table(timed), wire_table(timed));
    }
    if (wanted.only != "timed") {
        json["counted"] = count_work(folder.path(), host);
        fmt::print("\n{}", counted_table(json["counted"]));
    }
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
        } else {
            std::from_chars(argument.data(), argument.data() + argument.size(), wanted.timed.rounds);
        }
    }
    wanted.timed.rounds = std::max(wanted.timed.rounds, 1);
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
