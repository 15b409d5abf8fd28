// What runs as a board: programs whose standard input and output are its serial line.
#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <vector>

namespace countersign::loader {

// MicroPython of this computer (device/board/virtual); `flash` is a folder.
[[nodiscard]] std::vector<std::string> virtual_board_command(const std::filesystem::path& micropython,
                                                             const std::filesystem::path& flash);

// The chips whose memory the RISC-V board can have; the first one is its own.
inline constexpr std::array<const char*, 2> kChips{"esp32-c3", "esp32"};

// An ESP32-C3's instruction set in QEMU (device/board/rv32) with the memory of `chip`, one of kChips; the
// file flash.img in the folder is its flash. `counted`: its time is that of 125 million instructions a
// second, whatever this computer does, so that every run counts the same. Ends with the thread that starts
// it. Throws Error{ToolMissing, FileWrite}.
[[nodiscard]] std::vector<std::string> riscv_board_command(const std::filesystem::path& firmware,
                                                           const std::filesystem::path& flash,
                                                           const std::string& chip, bool counted);

}  // namespace countersign::loader
