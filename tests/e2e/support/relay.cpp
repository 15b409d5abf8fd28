#include "tests/e2e/support/relay.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <stdexcept>
#include <vector>

namespace countersign::e2e {
namespace {

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
}

int listen_on(std::uint16_t port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int yes = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    const auto address = loopback(port);
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(fd, 8) != 0) {
        throw std::runtime_error("relay: cannot listen");
    }
    return fd;
}

// A connection and its other half.
struct Pair {
    std::array<int, 2> fds;
    bool before_cut = false;
};

void close_pair(const Pair& pair) {
    for (const int fd : pair.fds) {
        const linger reset{1, 0};
        ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        ::close(fd);
    }
}

// False when either side has ended.
bool pass(const Pair& pair) {
    for (std::size_t from = 0; from < 2; ++from) {
        std::array<char, 16384> chunk{};
        const ssize_t got = ::recv(pair.fds[from], chunk.data(), chunk.size(), MSG_DONTWAIT);
        if (got == 0) return false;
        if (got > 0 &&
            ::send(pair.fds[1 - from], chunk.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL) != got) {
            return false;
        }
    }
    return true;
}

}  // namespace

Relay::Relay(std::uint16_t port, std::uint16_t to)
    : thread_([this, fd = listen_on(port), to] { run(fd, to); }) {}

Relay::~Relay() {
    stop_ = true;
    thread_.join();
}

void Relay::run(int listener, std::uint16_t to) {
    std::vector<Pair> pairs;
    while (!stop_) {
        std::vector<pollfd> waits;
        if (!cut_) {
            waits.push_back({listener, POLLIN, 0});
            for (const auto& pair : pairs) {
                for (const int fd : pair.fds) waits.push_back({fd, POLLIN, 0});
            }
        }
        ::poll(waits.data(), waits.size(), 20);
        if (cut_) {
            for (auto& pair : pairs) pair.before_cut = true;
            continue;
        }
        std::erase_if(pairs, [](const Pair& pair) {
            if (!pair.before_cut && pass(pair)) return false;
            close_pair(pair);
            return true;
        });
        pollfd knock{listener, POLLIN, 0};
        if (::poll(&knock, 1, 0) != 1) continue;
        const int client = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        const int broker = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const auto address = loopback(to);
        const Pair pair{{client, broker}, false};
        if (::connect(broker, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
            pairs.push_back(pair);
        } else {
            close_pair(pair);
        }
    }
    for (const auto& pair : pairs) close_pair(pair);
    ::close(listener);
}

}  // namespace countersign::e2e
