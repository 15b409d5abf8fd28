// Ways of authentication, measured and attacked: docs/choosing-authentication.md, made again as a whole.
//
// authentication_bench [ROUNDS] [--to FILE]: real Mosquitto, real MicroPython on the virtual board and the
// RISC-V board. ROUNDS are the costs'; their medians are shown. The words around the tables are in
// bench/authentication/choosing-authentication.md.
#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <cstring>
#include <string>

#include "bench/authentication/page.h"
#include "bench/support/support.h"
#include "bench/support/versions.h"
#include "host/base/error.h"
#include "host/base/files.h"

namespace {

using namespace countersign;         // NOLINT(google-build-using-namespace)
using namespace countersign::bench;  // NOLINT(google-build-using-namespace)
namespace fs = std::filesystem;

constexpr int kDefaultRounds = 5;

std::string conditions(int rounds) {
    return fmt::format("{}; {}; medians of {} rounds", machine(), versions(), rounds);
}

void run(int rounds, const fs::path& to) {
    const TemporaryFolder folder;
    Findings findings;
    fmt::print("{}\n", findings.conditions = conditions(rounds));
    fmt::print("costs\n");
    findings.costs = measure_costs(folder.path(), rounds);
    fmt::print("attacks on the way\n");
    findings.attacks = attack_all(folder.path());
    fmt::print("thefts\n");
    findings.thefts = steal_all(folder.path());
    const std::string text =
        page(read_text(source_folder() / "bench/authentication/choosing-authentication.md"), findings);
    write_file(to, text, kPublicFile);
    fmt::print("{}\nwritten: {}\n", text, to.string());
}

}  // namespace

// Benchmarks tell; they do not gate.
int main(int argc, char** argv) {
    int rounds = kDefaultRounds;
    fs::path to = source_folder() / "docs/choosing-authentication.md";
    for (int i = 1; i < argc; ++i) {
        const std::string_view argument = argv[i];
        if (argument == "--to" && i + 1 < argc) {
            to = argv[++i];
        } else {
            std::from_chars(argument.data(), argument.data() + argument.size(), rounds);
        }
    }
    std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
    try {
        run(std::max(rounds, 1), to);
    } catch (const std::exception& error) {
        fmt::print("not measured: {}\n", error.what());
    }
    return 0;
}
