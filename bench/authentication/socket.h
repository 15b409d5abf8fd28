// TCP on 127.0.0.1, blocking, with a bound on every wait.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace countersign::bench {

class Socket {
  public:
    Socket() = default;
    explicit Socket(int fd);
    Socket(Socket&& other) noexcept;
    Socket& operator=(Socket&& other) noexcept;
    ~Socket();
    [[nodiscard]] static Socket connect(std::uint16_t port);  // not open() when nobody listens

    [[nodiscard]] bool open() const noexcept { return fd_ >= 0; }
    [[nodiscard]] int fd() const noexcept { return fd_; }
    // What is there, at least a byte; "" at the end, on a fault and after `patience`.
    [[nodiscard]] std::string read(std::chrono::milliseconds patience = std::chrono::seconds(20)) const;
    // False when the other side has gone.
    [[nodiscard]] bool write(std::string_view bytes) const;

  private:
    int fd_ = -1;
};

class Listener {
  public:
    Listener();
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    ~Listener();
    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
    // Not open() when `stop` has become readable first.
    [[nodiscard]] Socket accept(int stop) const;

  private:
    int fd_ = -1;
    std::uint16_t port_ = 0;
};

}  // namespace countersign::bench
