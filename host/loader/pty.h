// A pseudo-terminal used as a serial cable: we hold one end, the port is the other.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace countersign::loader {

class Pty {
  public:
    // Raw from the start: a port that echoes would talk to the board. Throws Error{Internal}.
    Pty();
    Pty(const Pty&) = delete;
    Pty& operator=(const Pty&) = delete;
    ~Pty();

    [[nodiscard]] int fd() const noexcept { return fd_; }  // non-blocking
    [[nodiscard]] const std::string& port() const noexcept { return port_; }
    // Whether some program has the port open.
    [[nodiscard]] bool in_use() const;
    // What has been written into the port, at most `limit` bytes; may have data when nobody has it open any
    // more.
    [[nodiscard]] std::string read(std::size_t limit);
    // How many of the bytes the port took.
    [[nodiscard]] std::size_t write(std::string_view bytes);

  private:
    int fd_ = -1;
    std::string port_;
};

}  // namespace countersign::loader
