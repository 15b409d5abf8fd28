// The eavesdropper's place: a wire between a port of its own and the broker's that keeps what goes over it.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "bench/authentication/socket.h"

namespace countersign::bench {

// TCP's payload, each way.
struct Captured {
    std::string up, down;  // to the broker, and from it
    [[nodiscard]] bool shows(const std::string& text) const {
        return up.find(text) != std::string::npos || down.find(text) != std::string::npos;
    }
};

class Tap {
  public:
    explicit Tap(std::uint16_t to);
    Tap(const Tap&) = delete;
    Tap& operator=(const Tap&) = delete;
    ~Tap();

    [[nodiscard]] std::uint16_t port() const noexcept { return listener_.port(); }
    // What each connection has carried, in their order; passes nothing on any more.
    [[nodiscard]] const std::vector<Captured>& finish();

  private:
    void run();
    Listener listener_;
    std::uint16_t to_;
    std::array<int, 2> stop_{-1, -1};  // a pipe
    std::vector<Captured> captured_;
    std::thread thread_;
};

}  // namespace countersign::bench
