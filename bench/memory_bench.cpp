// What memory the package leaves on a board, phase by phase, beside a plain client of the firmware's TLS.
//
// memory_bench [--json FILE]: on the RISC-V board with an ESP32-C3's memory, stock firmware and the one with
// `_countersign`. Needs the board: device/board/rv32/build.sh. tests/e2e/memory_test.cpp has the bounds.
#include <fmt/format.h>

#include <cstdio>
#include <string_view>

#include "bench/device/phases.h"
#include "bench/figures/figures.h"
#include "bench/support/support.h"
#include "bench/support/versions.h"
#include "host/base/files.h"

namespace {

using namespace countersign;         // NOLINT(google-build-using-namespace)
using namespace countersign::bench;  // NOLINT(google-build-using-namespace)
namespace fs = std::filesystem;

void run(const fs::path& json_file) {
    auto json = read_figures("device").value_or(nullptr);
    if (json.is_null()) json = {{"machine", machine()}, {"versions", versions()}};
    const TemporaryFolder folder;
    const Host host(folder.path());
    json["phases"] = weigh_phases(folder.path(), host);
    fmt::print("{}", phases_table(json["phases"]));
    write_figures(json_file, json);
}

}  // namespace

// Benchmarks tell; they do not gate.
int main(int argc, char** argv) {
    std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
    try {
        const bool elsewhere = argc == 3 && std::string_view(argv[1]) == "--json";
        run(elsewhere ? fs::path(argv[2]) : figures_file("device"));
    } catch (const std::exception& error) {
        fmt::print("not measured: {}\n", error.what());
    }
    return 0;
}
