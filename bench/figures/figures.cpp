#include "bench/figures/figures.h"

#include "bench/support/support.h"
#include "host/base/files.h"

namespace countersign::bench {
namespace fs = std::filesystem;

fs::path figures_file(const std::string& bench) {
    return source_folder() / "build/bench-figures" / (bench + ".json");
}

void write_figures(const fs::path& file, const nlohmann::json& figures) {
    if (file.has_parent_path()) fs::create_directories(file.parent_path());
    write_file(file, figures.dump(2) + "\n", kPublicFile);
}

std::optional<nlohmann::json> read_figures(const std::string& bench) {
    const fs::path file = figures_file(bench);
    if (!fs::exists(file)) return std::nullopt;
    return nlohmann::json::parse(read_text(file));
}

}  // namespace countersign::bench
