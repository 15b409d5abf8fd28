// A command that runs beside us, and what it has said so far.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/subprocess.h"

namespace countersign {

class Background {
  public:
    explicit Background(const std::vector<std::string>& argv) : child_(argv) {}

    // Waits until the output, from where the last successful wait ended, holds `text`. False at the deadline
    // or at the end of the process.
    [[nodiscard]] bool wait_for(std::string_view text,
                                std::chrono::milliseconds deadline = std::chrono::seconds(20));
    // Gathers output for this long: to show that something does not come.
    void gather(std::chrono::milliseconds time);

    [[nodiscard]] const std::string& output() const noexcept { return output_; }
    [[nodiscard]] ChildProcess& process() noexcept { return child_; }

    // SIGINT, as Ctrl-C; SIGKILL after ten seconds. Returns the exit code.
    int interrupt();

  private:
    bool read_some(std::chrono::milliseconds wait);

    ChildProcess child_;
    std::string output_;
    std::size_t seen_ = 0;
};

}  // namespace countersign
