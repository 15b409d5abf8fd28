// Ctrl-C for commands that run until it: seen by asking, so that the work in between ends in order.
#pragma once

namespace countersign::cli {

// From its making to its end SIGINT and SIGTERM only set a flag. One at a time.
class Interrupt {
  public:
    Interrupt();
    Interrupt(const Interrupt&) = delete;
    Interrupt& operator=(const Interrupt&) = delete;
    ~Interrupt();
    [[nodiscard]] bool seen() const noexcept;
};

}  // namespace countersign::cli
