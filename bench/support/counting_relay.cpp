#include "bench/support/counting_relay.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/support/support.h"

namespace countersign::bench {
namespace {

sockaddr_in loopback(std::uint16_t port) {
    return {AF_INET, htons(port), {htonl(INADDR_LOOPBACK)}, {}};
}

// Passes on what is there; false when the sender has ended.
bool pass(int from, int to, std::size_t& count) {
    std::array<char, 16384> chunk;
    const ssize_t got = ::recv(from, chunk.data(), chunk.size(), 0);
    if (got <= 0) return false;
    count += static_cast<std::size_t>(got);
    for (ssize_t sent = 0; sent < got;) {
        const ssize_t now =
            ::send(to, chunk.data() + sent, static_cast<std::size_t>(got - sent), MSG_NOSIGNAL);
        if (now <= 0) return false;
        sent += now;
    }
    return true;
}

// One connection, until either side ends it or `stop` is readable.
Carried carry(int client, int broker, int stop) {
    Carried carried;
    for (;;) {
        std::array<pollfd, 3> waits{{{client, POLLIN, 0}, {broker, POLLIN, 0}, {stop, POLLIN, 0}}};
        ::poll(waits.data(), waits.size(), -1);
        if (waits[0].revents != 0 && !pass(client, broker, carried.up)) return carried;
        if (waits[1].revents != 0 && !pass(broker, client, carried.down)) return carried;
        if (waits[2].revents != 0 && waits[0].revents == 0 && waits[1].revents == 0) return carried;
    }
}

}  // namespace

CountingRelay::CountingRelay(std::uint16_t to) : to_(to) {
    listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
    auto address = loopback(0);
    socklen_t size = sizeof address;
    expect(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
               ::listen(listener_, 8) == 0 &&
               ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0 &&
               ::pipe(stop_.data()) == 0,
           "listening");
    port_ = ntohs(address.sin_port);
}

CountingRelay::~CountingRelay() {
    (void)finish();
    ::close(listener_);
    for (const int fd : stop_) ::close(fd);
}

void CountingRelay::start() {
    thread_ = std::thread([this] { run(); });
}

std::vector<Carried> CountingRelay::finish() {
    if (!thread_.joinable()) return {};
    expect(::write(stop_[1], "", 1) == 1, "write");
    thread_.join();
    return carried_;
}

void CountingRelay::run() {
    for (;;) {
        std::array<pollfd, 2> waits{{{listener_, POLLIN, 0}, {stop_[0], POLLIN, 0}}};
        ::poll(waits.data(), waits.size(), -1);
        if (waits[0].revents == 0) return;
        const int client = ::accept(listener_, nullptr, nullptr);
        const int broker = ::socket(AF_INET, SOCK_STREAM, 0);
        const int yes = 1;
        for (const int fd : {client, broker}) {
            ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        }
        const auto address = loopback(to_);
        if (::connect(broker, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
            carried_.push_back(carry(client, broker, stop_[0]));
        }
        ::close(client);
        ::close(broker);
    }
}

}  // namespace countersign::bench
