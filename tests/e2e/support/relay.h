// A wire that can be cut: bytes between a port of its own and the broker's, until told otherwise.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>

namespace countersign::e2e {

class Relay {
  public:
    // Listens on 127.0.0.1:`port` and passes on to 127.0.0.1:`to`.
    Relay(std::uint16_t port, std::uint16_t to);
    Relay(const Relay&) = delete;
    Relay& operator=(const Relay&) = delete;
    ~Relay();

    // Neither side hears anything more, not even that the other is gone.
    void cut() noexcept { cut_ = true; }
    // New connections pass; those of before the cut are reset.
    void restore() noexcept { cut_ = false; }

  private:
    void run(int listener, std::uint16_t to);
    std::atomic<bool> cut_{false};
    std::atomic<bool> stop_{false};
    std::thread thread_;
};

}  // namespace countersign::e2e
