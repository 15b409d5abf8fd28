// A board without hardware: the real MicroPython behind a pseudo-terminal, its flash in a folder. What speaks
// to a serial port (mpremote, screen) speaks to it, and it resets, loses power and loses its cable as an
// ESP32 does.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "host/loader/board_command.h"

namespace countersign::loader {

struct VirtualBoardOptions {
    std::filesystem::path flash;  // created when absent; the file .board in it describes the world around
    std::filesystem::path micropython;  // empty: find_helper() for the kind of board
    bool riscv = false;                 // micropython is RISC-V firmware, for QEMU
    bool counted = false;               // RISC-V: see riscv_board_command()
    std::string chip = kChips.front();  // RISC-V: whose memory it has
    std::filesystem::path port_link;  // a name for the port that stays the same; replaced if it is a symlink
    std::function<void(std::string_view)>
        on_output;  // all the board prints, on a thread that must not call the board
};

// All functions may be called from any thread. Throws Error{ToolMissing, FileWrite, FileExists, PortBusy:
// another one has this flash}.
class VirtualBoard {
  public:
    // Powered and plugged in; boot.py and main.py are already running.
    explicit VirtualBoard(VirtualBoardOptions options);
    VirtualBoard(const VirtualBoard&) = delete;
    VirtualBoard& operator=(const VirtualBoard&) = delete;
    ~VirtualBoard();

    // The path to open: port_link if one was given.
    [[nodiscard]] std::string port() const;

    // What the board has printed since it was made, whoever listened; at most the last 1 MiB.
    [[nodiscard]] std::string console() const;
    // How many bytes that were in all: a place for wait_for to begin at.
    [[nodiscard]] std::size_t printed() const;
    // Waits until the board has printed `text`, all of it after the first `from` bytes; false at the
    // deadline.
    [[nodiscard]] bool wait_for(std::string_view text, std::chrono::milliseconds deadline,
                                std::size_t from = 0) const;
    // As if typed on a keyboard at the other end of the cable.
    void type(std::string_view bytes);

    // In the middle of whatever it does. The port stays, as that of a USB-serial chip does.
    void cut_power();
    // From 2000-01-01, boot.py, main.py.
    void restore_power();
    // The port vanishes, the board goes on.
    void pull_cable();
    // Under a new name in /dev, the same port_link.
    void plug_cable();

    [[nodiscard]] bool powered() const;

  private:
    class Relay;
    std::unique_ptr<Relay> relay_;
};

}  // namespace countersign::loader
