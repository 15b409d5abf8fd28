// docs/performance.md and its charts, of the last figures of client_bench and device_bench in
// build/bench-figures.
//
// performance_bench [--to FOLDER]: the folder of docs; the charts go to images/ in it.
#include <fmt/format.h>

#include <string>

#include "bench/figures/figures.h"
#include "bench/figures/page.h"
#include "bench/support/support.h"
#include "host/base/files.h"

namespace {

using namespace countersign;         // NOLINT(google-build-using-namespace)
using namespace countersign::bench;  // NOLINT(google-build-using-namespace)
namespace fs = std::filesystem;

void run(const fs::path& to) {
    const auto client = read_figures("client").value_or(nullptr);
    const auto device = read_figures("device").value_or(nullptr);
    expect(client.is_object() || device.is_object(),
           "reading figures (./dev bench client, ./dev bench device)");
    const std::string text =
        performance_page(read_text(source_folder() / "bench/figures/performance.md"), client, device);
    fs::create_directories(to / "images");
    write_file(to / "performance.md", text, kPublicFile);
    for (const auto& [name, chart] : performance_charts(client, device)) {
        write_file(to / "images" / name, chart, kPublicFile);
    }
    fmt::print("{}\nwritten: {}\n", text, (to / "performance.md").string());
}

}  // namespace

// Benchmarks tell; they do not gate.
int main(int argc, char** argv) {
    const bool elsewhere = argc == 3 && std::string_view(argv[1]) == "--to";
    try {
        run(elsewhere ? fs::path(argv[2]) : source_folder() / "docs");
    } catch (const std::exception& error) {
        fmt::print("not written: {}\n", error.what());
    }
    return 0;
}
