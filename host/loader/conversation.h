// What load and enrolment share when they talk to a board: deadlines by size, each step in words, and what a
// script's exception means to the person with the board in hand.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/secret.h"
#include "host/loader/board.h"

namespace countersign::loader {

using Bytes = std::vector<std::uint8_t>;

// Each step in words, as it begins.
using Progress = std::function<void(std::string_view)>;

class Conversation {
  public:
    // Both must outlive it.
    Conversation(Board& board, const Progress& progress) : board_(board), progress_(progress) {}

    void say(std::string_view step) const { progress_(step); }
    // Runs the scripts in one go and returns what they printed. Throws what Board::run throws for the line,
    // and Error{FlashWrite, KeyTypeUnsupported, CertInvalid, WifiConfInvalid, BoardFull, BoardFailed}.
    [[nodiscard]] std::string run(const std::vector<Secret>& scripts) const;
    [[nodiscard]] Board& board() const noexcept { return board_; }

  private:
    Board& board_;
    const Progress& progress_;
};

void append(std::vector<Secret>& scripts, std::vector<Secret> more);

[[nodiscard]] std::span<const std::uint8_t> as_bytes(std::string_view text);

}  // namespace countersign::loader
