#include "bench/support/board.h"

#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>

#include <sstream>

#include "bench/support/support.h"
#include "host/base/files.h"
#include "host/base/subprocess.h"

namespace countersign::bench {
namespace fs = std::filesystem;
using Json = nlohmann::json;
namespace {

fs::path libexec() {
    return source_folder() / "build/libexec";
}

fs::path firmware(Chip chip, bool native) {
    return libexec() /
           fmt::format("micropython{}{}", chip == Chip::riscv ? "-rv32" : "", native ? "-native" : "");
}

}  // namespace

bool Board::is_built(Chip chip, bool native) {
    return ::access(firmware(chip, native).c_str(), R_OK) == 0 &&
           (chip == Chip::computer || !find_program("qemu-system-riscv32").empty());
}

Board::Board(const fs::path& folder, Chip chip, bool native) : chip_(chip) {
    ::setenv("COUNTERSIGN_MPREMOTE", (libexec() / "mpremote").c_str(), 1);
    make_folder(folder, kPrivateFolder);
    loader::VirtualBoardOptions options;
    options.flash = folder / "flash";
    options.micropython = firmware(chip, native);
    options.riscv = options.counted = chip == Chip::riscv;
    machine_ = std::make_unique<loader::VirtualBoard>(options);
    cable_ = std::make_unique<loader::MpremoteBoard>(machine_->port());
}

std::vector<Json> Board::run(const fs::path& script, const Json& settings, std::chrono::minutes deadline,
                             const std::function<void(std::string_view)>& on_line) {
    const std::string text = fmt::format("import json\nSETTINGS = json.loads(r'''{}''')\n{}", settings.dump(),
                                         read_text(source_folder() / script));
    std::vector<Secret> scripts;
    scripts.emplace_back(std::string_view(text));
    std::istringstream said(cable_->run(scripts, deadline, on_line));
    std::vector<Json> results;
    for (std::string line; std::getline(said, line);) {
        if (line.starts_with('{')) results.push_back(Json::parse(line));
    }
    return results;
}

}  // namespace countersign::bench
