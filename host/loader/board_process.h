// The process of a virtual board. Its resets happen inside it (one process from power-on to power-off); its
// standard input and output are one stream, our end of which is fd().
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace countersign::loader {

class BoardProcess {
  public:
    // Starts at power-on. Throws Error{ToolMissing}.
    explicit BoardProcess(const std::vector<std::string>& command);
    BoardProcess(const BoardProcess&) = delete;
    BoardProcess& operator=(const BoardProcess&) = delete;
    // Cuts the power: SIGKILL, and waits for the end.
    ~BoardProcess();

    [[nodiscard]] int fd() const noexcept { return fd_; }  // non-blocking

  private:
    pid_t pid_ = -1;
    int fd_ = -1;
};

}  // namespace countersign::loader
