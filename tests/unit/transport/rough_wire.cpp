#include "tests/unit/transport/rough_wire.h"

#include <array>
#include <asio/buffer.hpp>
#include <asio/steady_timer.hpp>
#include <asio/write.hpp>
#include <utility>

namespace countersign::test {

struct RoughWire::Connection : std::enable_shared_from_this<RoughWire::Connection> {
    struct Half {
        explicit Half(asio::io_context& context) : timer(context) {}
        void spoil_if_told(std::size_t count) {
            if (std::exchange(spoil, false)) chunk[count - 1] = static_cast<char>(chunk[count - 1] ^ 1);
        }
        std::array<char, 16384> chunk{};
        asio::steady_timer timer;
        bool spoil = false;
    };

    Connection(asio::io_context& context, Tcp::socket accepted, const std::chrono::microseconds& between)
        : client(std::move(accepted)), broker(context), pause(between), up(context), down(context) {}

    void pass(Tcp::socket& from, Tcp::socket& to, Half& half) {
        const std::size_t room = pause.count() == 0 ? half.chunk.size() : 1;
        from.async_read_some(asio::buffer(half.chunk, room), [this, self = shared_from_this(), &from, &to,
                                                              &half](auto code, std::size_t got) {
            if (code) return end();
            write(from, to, half, got);
        });
    }
    void write(Tcp::socket& from, Tcp::socket& to, Half& half, std::size_t count) {
        if (&to == &client && deaf) return pass(from, to, half);
        half.spoil_if_told(count);
        asio::async_write(to, asio::buffer(half.chunk, count),
                          [this, self = shared_from_this(), &from, &to, &half](auto code, std::size_t) {
                              if (code) return end();
                              if (pause.count() == 0) return pass(from, to, half);
                              half.timer.expires_after(pause);
                              half.timer.async_wait([this, self, &from, &to, &half](auto cancelled) {
                                  if (!cancelled) pass(from, to, half);
                              });
                          });
    }
    void end() {
        std::error_code ignored;
        for (Tcp::socket* socket : {&client, &broker}) socket->close(ignored);
        for (Half* half : {&up, &down}) half->timer.cancel();
    }
    void reset() {
        std::error_code ignored;
        for (Tcp::socket* socket : {&client, &broker}) {
            socket->set_option(asio::socket_base::linger(true, 0), ignored);
        }
        end();
    }
    void half_close() {
        deaf = true;
        std::error_code ignored;
        client.shutdown(Tcp::socket::shutdown_send, ignored);
    }

    Tcp::socket client, broker;
    const std::chrono::microseconds& pause;  // the wire's, as it is now
    Half up, down;
    bool deaf = false;
};

RoughWire::RoughWire(asio::io_context& context, std::uint16_t to)
    : context_(context),
      acceptor_(context, {asio::ip::make_address("127.0.0.1"), 0}),
      port_(acceptor_.local_endpoint().port()),
      to_(asio::ip::make_address("127.0.0.1"), to) {
    accept();
}

// What is under way ends before the pause it looks at does.
RoughWire::~RoughWire() {
    acceptor_.close();
    pause_ = {};
    reset();
    context_.restart();
    context_.poll();
}

void RoughWire::accept() {
    acceptor_.async_accept([this](const std::error_code& code, Tcp::socket client) {
        if (code == asio::error::operation_aborted) return;
        if (!code && !refuses_) {
            auto connection = std::make_shared<Connection>(context_, std::move(client), pause_);
            std::erase_if(connections_, [](const auto& one) { return one.expired(); });
            connections_.push_back(connection);
            connection->broker.async_connect(to_, [connection](const std::error_code& refused) {
                if (refused) return connection->end();
                connection->pass(connection->client, connection->broker, connection->up);
                connection->pass(connection->broker, connection->client, connection->down);
            });
        }
        accept();
    });
}

void RoughWire::reset() {
    for (const auto& one : connections_) {
        if (const auto connection = one.lock()) connection->reset();
    }
}

void RoughWire::spoil_down() {
    for (const auto& one : connections_) {
        if (const auto connection = one.lock()) connection->down.spoil = true;
    }
}

void RoughWire::spoil_up() {
    for (const auto& one : connections_) {
        if (const auto connection = one.lock()) connection->up.spoil = true;
    }
}

void RoughWire::half_close() {
    for (const auto& one : connections_) {
        if (const auto connection = one.lock()) connection->half_close();
    }
}

}  // namespace countersign::test
