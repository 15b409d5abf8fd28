// A wire that counts: TCP payload both ways between a port of its own and the broker's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

namespace countersign::bench {

struct Carried {
    std::size_t up = 0, down = 0;  // bytes to the broker, and from it
    [[nodiscard]] std::size_t both() const noexcept { return up + down; }
};

class CountingRelay {
  public:
    // Listens on 127.0.0.1 at once, but passes on only from start() to finish(), in a thread: between the two
    // nobody may fork.
    explicit CountingRelay(std::uint16_t to);
    CountingRelay(const CountingRelay&) = delete;
    CountingRelay& operator=(const CountingRelay&) = delete;
    ~CountingRelay();

    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
    void start();
    // What each connection has carried, in their order, once all have ended.
    [[nodiscard]] std::vector<Carried> finish();

  private:
    void run();
    int listener_ = -1;
    std::uint16_t port_ = 0;
    std::uint16_t to_;
    std::array<int, 2> stop_{-1, -1};  // a pipe
    std::vector<Carried> carried_;
    std::thread thread_;
};

}  // namespace countersign::bench
