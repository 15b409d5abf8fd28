// A board to measure on, the virtual one or the RISC-V one in QEMU, with the real mpremote at its port.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "host/loader/mpremote_board.h"
#include "host/loader/virtual_board.h"

namespace countersign::bench {

enum class Chip : std::uint8_t { computer, riscv };  // riscv: counted instructions, see VirtualBoardOptions

class Board {
  public:
    // The firmware with `_countersign` when `native`. Throws Error{ToolMissing} when it is not built.
    Board(const std::filesystem::path& folder, Chip chip, bool native);
    [[nodiscard]] static bool is_built(Chip chip, bool native);

    [[nodiscard]] Chip chip() const noexcept { return chip_; }
    [[nodiscard]] std::string port() const { return machine_->port(); }
    // Runs a script of this source tree that finds its settings in SETTINGS; each line that is a JSON object.
    // `on_line` sees all lines as they come.
    [[nodiscard]] std::vector<nlohmann::json> run(const std::filesystem::path& script,
                                                  const nlohmann::json& settings,
                                                  std::chrono::minutes deadline,
                                                  const std::function<void(std::string_view)>& on_line = {});

  private:
    Chip chip_;
    std::unique_ptr<loader::VirtualBoard> machine_;
    std::unique_ptr<loader::MpremoteBoard> cable_;
};

}  // namespace countersign::bench
