// An address that answers nothing: what is sent to it is dropped, as by a firewall or a cable that is out.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace countersign::test {

class BlackHole {
  public:
    // Listens with a backlog that is full: Linux then drops every SYN (tcp(7), tcp_abort_on_overflow).
    explicit BlackHole(const std::string& address, std::uint16_t port = 0);
    BlackHole(const BlackHole&) = delete;
    BlackHole& operator=(const BlackHole&) = delete;
    ~BlackHole();

    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

  private:
    std::vector<int> sockets_;
    std::uint16_t port_ = 0;
};

}  // namespace countersign::test
