// device.py on a board: the virtual one, or the RISC-V one in QEMU.
#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bench/authentication/deployment.h"
#include "host/loader/mpremote_board.h"
#include "host/loader/virtual_board.h"

namespace countersign::bench {

enum class Chip : std::uint8_t { computer, riscv };  // riscv: counted instructions, see VirtualBoardOptions
enum class Tls : std::uint8_t { firmware, native };  // the firmware's own `tls`, or `_countersign`

struct Visit {
    Method method = Method::clear;
    Tls tls = Tls::firmware;
    bool verify = true;   // the firmware's `tls`: check who the broker is
    bool resume = false;  // native: from the second connection on
    std::string payload;  // to be published after CONNACK
    int connections = 1;
};

class Board {
  public:
    // The firmware with `_countersign` when `native`. Throws Error{ToolMissing} when it is not built.
    Board(const std::filesystem::path& folder, Chip chip, bool native);
    [[nodiscard]] static bool is_built(Chip chip, bool native);

    // What device.py says about each connection.
    [[nodiscard]] std::vector<nlohmann::json> visit(const Visit& visit, std::uint16_t port,
                                                    const Secrets& secrets);

  private:
    Chip chip_;
    std::unique_ptr<loader::VirtualBoard> machine_;
    std::unique_ptr<loader::MpremoteBoard> cable_;
};

// Where a device of this kind publishes.
[[nodiscard]] std::string topic_of(const Secrets& secrets);

}  // namespace countersign::bench
