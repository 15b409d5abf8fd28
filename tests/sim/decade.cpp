// decade: ten years of many boards in a minute. See --help.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <exception>

#include "tests/sim/boards.h"
#include "tests/sim/fate.h"
#include "tests/sim/planted.h"
#include "tests/sim/seeded_openssl.h"

using namespace countersign::sim;

namespace {

constexpr const char* kHelp = R"(Simulates boards, their broker and their authority for ten years.

  decade                                   50 boards, seed 1
  decade --seeds 1-5                       five decades
  decade --devices 1000 --seeds 1-20       the long run
  decade --seed 7 --chronicle /tmp/7.txt   replays a failure: everything follows from the seed
  decade --plant flip-before-proof         a fault put in on purpose: 0 when it is found

Ends with 0 when nothing was wrong, else with 1 and a line for each thing that was.)";

struct Options {
    std::string seeds = "1";
    std::int64_t devices = 50;
    std::int64_t years = 10;
    std::string arithmetic = "fast";
    std::string plant = "nothing";
    std::string chronicle;
    std::string source = COUNTERSIGN_SOURCE;
    bool twice = false;
};

struct Outcome {
    std::uint64_t hash = 0;
    std::size_t wrongs = 0;
};

Outcome run(std::uint64_t seed, const Options& options) {
    seed_openssl(seed);
    std::FILE* copy = options.chronicle.empty() ? nullptr : std::fopen(options.chronicle.c_str(), "w");
    WorldConfig config{
        .seed = seed, .devices = options.devices, .years = options.years, .policy = {}, .copy = copy};
    config.policy.birth_needs_nod = seed % 3 == 0;
    plant_in_authority(options.plant, config.policy);
    World world(config);
    plan_decade(world);
    const std::filesystem::path source = options.source;
    const PackageCopy package(source / "device/countersign", replacements_for(options.plant));
    const std::string_view kind = options.arithmetic == "fast" ? "micropython-native" : "micropython";
    Boards boards({source / "build/libexec" / kind, package.folder(), source / "tests/sim",
                   std::to_string(seed), options.arithmetic, fmt::format("{}m", 64 + options.devices / 2)});
    world.run(boards);
    judge_decade(world);
    fmt::print(
        "seed {}: {} boards, {} years, {} connections, {} power cuts in the flash, {} lines, hash {:016x}, "
        "{}\n",
        seed, options.devices, options.years, world.admitted(), world.cuts(), world.chronicle.lines(),
        world.chronicle.hash(),
        world.chronicle.wrongs().empty() ? "nothing wrong"
                                         : fmt::format("{} WRONG", world.chronicle.wrongs().size()));
    const auto& wrongs = world.chronicle.wrongs();
    const std::size_t shown = std::min<std::size_t>(wrongs.size(), 20);
    for (std::size_t i = 0; i < shown; ++i) fmt::print("  {}\n", wrongs[i]);
    std::fflush(stdout);
    if (copy != nullptr) std::fclose(copy);
    return {world.chronicle.hash(), world.chronicle.wrongs().size()};
}

int run_all(const Options& options) {
    const auto dash = options.seeds.find('-');
    const std::uint64_t first = std::stoull(options.seeds);
    const std::uint64_t last =
        dash == std::string::npos ? first : std::stoull(options.seeds.substr(dash + 1));
    bool good = true;
    for (std::uint64_t seed = first; seed <= last; ++seed) {
        const Outcome once = run(seed, options);
        // A planted fault must be found in each of the seeds.
        good = good && (once.wrongs == 0) == (options.plant == "nothing");
        if (options.twice && run(seed, options).hash != once.hash) {
            fmt::print("seed {} does not replay\n", seed);
            good = false;
        }
    }
    return good ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    CLI::App app(kHelp);
    app.add_option("--seed,--seeds", options.seeds, "one, or FIRST-LAST");
    app.add_option("--devices", options.devices)->check(CLI::Range(1, 10000));
    app.add_option("--years", options.years)->check(CLI::Range(1, 40));
    app.add_option("--arithmetic", options.arithmetic, "P-256 by mbedTLS or by the package")
        ->check(CLI::IsMember({"fast", "python"}));
    app.add_option("--plant", options.plant, "a fault to be found")->check(CLI::IsMember(plants()));
    app.add_option("--chronicle", options.chronicle, "writes every line of what happens to this file");
    app.add_option("--source", options.source, "the source tree");
    app.add_flag("--twice", options.twice, "runs each seed twice; the two must be the same");
    CLI11_PARSE(app, argc, argv);
    try {
        return run_all(options);
    } catch (const std::exception& error) {
        fmt::print("{}\n", error.what());
        return 2;
    }
}
