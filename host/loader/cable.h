// A serial line that we hold open ourselves, with a pseudo-terminal at our end of it for the program that
// drives the board (mpremote). So everything the board says is heard, also what that program swallows or what
// comes between two runs of it: the ROM's word for a reset, the first lines of a boot.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

namespace countersign::loader {

// All functions may be called from any thread.
class Cable {
  public:
    // Opens the port for us alone. Throws Error{PortMissing, PortPermission, PortBusy}.
    explicit Cable(const std::string& port);
    Cable(const Cable&) = delete;
    Cable& operator=(const Cable&) = delete;
    ~Cable();

    // What the other program opens instead of the port. It vanishes when the line is lost.
    [[nodiscard]] std::string terminal() const;

    // The port has gone: unplugged, or a chip with USB of its own that resets.
    [[nodiscard]] bool lost() const;

    // How many bytes the board has said: a place for the others to begin at.
    [[nodiscard]] std::size_t heard() const;
    // When the last of them came; when the port was opened, if none did.
    [[nodiscard]] std::chrono::steady_clock::time_point heard_at() const;
    // What the board has said after the first `from` bytes; of all the last 64 KiB are kept.
    [[nodiscard]] std::string since(std::size_t from) const;
    // Waits until that holds `text`; false at the deadline, or when the line is lost.
    [[nodiscard]] bool wait_for(std::string_view text, std::chrono::milliseconds deadline,
                                std::size_t from) const;
    // Waits until there is more than `from` bytes; false likewise.
    [[nodiscard]] bool wait_for_more(std::chrono::milliseconds deadline, std::size_t from) const;

    // To the board, as if typed.
    void type(std::string_view bytes);

  private:
    class Relay;
    std::unique_ptr<Relay> relay_;
};

}  // namespace countersign::loader
