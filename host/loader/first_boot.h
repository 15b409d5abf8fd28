// What a board says when it boots after a load: until it has connected, or it is plain that it will not yet.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "host/loader/board.h"

namespace countersign::loader {

enum class BootEnd : std::uint8_t {
    connected,
    faults,   // the same thing fails again and again
    ended,    // the program has ended: only a person can help
    resets,   // the board resets again and again
    patience  // neither came in time, or `go_on` said no
};

struct FirstBoot {
    BootEnd end = BootEnd::patience;
    std::string broker;  // "192.168.1.22:8883", once connected
    std::string fault;   // the code of the last fault the board has named: "E-WIFI-PASSWORD"; may be empty
    std::string words;   // the board's own sentence for it, without code and cure
    std::string cure;    // the board's own
    std::string last;    // the last line it has said, of whatever kind
};

// Understands the lines of a boot one by one. Nothing of them is trusted: a program of the owner's prints
// among them.
class BootListener {
  public:
    // `name`: as whom it will connect.
    explicit BootListener(std::string name) : name_(std::move(name)) {}

    // True once the end is plain.
    bool hear(std::string_view line);
    [[nodiscard]] const FirstBoot& boot() const noexcept { return boot_; }

  private:
    bool hear_fault(std::string_view line);

    std::string name_;
    FirstBoot boot_;
    int faults_ = 0;
    int resets_ = 0;
};

struct FollowOptions {
    std::string name;
    std::chrono::milliseconds patience{60'000};
    // Each line the board says.
    std::function<void(std::string_view)> on_line;
    // Asked about the code of each fault: true when waiting is of no use.
    std::function<bool(std::string_view code)> is_hopeless;
    // Goes on until this says no, whatever happens; the result is still that of the first connection.
    std::function<bool()> watch;
};

// Boots the board. Throws what Board::boot throws.
[[nodiscard]] FirstBoot follow_first_boot(Board& board, const FollowOptions& options);

}  // namespace countersign::loader
