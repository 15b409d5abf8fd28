// A wire between clients and a broker that drips, breaks, hangs up on one side, spoils bits or lets nobody
// through.
#pragma once

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

namespace countersign::test {

class RoughWire {
  public:
    // Listens on 127.0.0.1:port() and passes on to 127.0.0.1:`to`.
    RoughWire(asio::io_context& context, std::uint16_t to);
    RoughWire(const RoughWire&) = delete;
    RoughWire& operator=(const RoughWire&) = delete;
    ~RoughWire();

    [[nodiscard]] std::uint16_t port() const { return port_; }

    // From now on: byte by byte, with this pause after each; 0 as fast as it goes.
    void drip(std::chrono::microseconds pause) { pause_ = pause; }
    // New connections are closed at once, or not.
    void refuse(bool refuses) { refuses_ = refuses; }
    // Every connection that is there:
    void reset();       // RST to both sides
    void spoil_down();  // flips a bit of what the client is sent next
    void spoil_up();    // the same for the broker
    void half_close();  // the client hears an end (FIN), while what it says still reaches the broker

  private:
    using Tcp = asio::ip::tcp;
    struct Connection;

    void accept();

    asio::io_context& context_;
    Tcp::acceptor acceptor_;
    std::uint16_t port_;
    Tcp::endpoint to_;
    std::chrono::microseconds pause_{0};
    bool refuses_ = false;
    std::vector<std::weak_ptr<Connection>> connections_;
};

}  // namespace countersign::test
