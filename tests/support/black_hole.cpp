#include "tests/support/black_hole.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>

namespace countersign::test {
namespace {

constexpr int kAnswerWithin = 200;  // milliseconds: on loopback it takes microseconds
constexpr int kMost = 16;

}  // namespace

BlackHole::BlackHole(const std::string& address, std::uint16_t port) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    ::inet_pton(AF_INET, address.c_str(), &at.sin_addr);
    auto* where = reinterpret_cast<sockaddr*>(&at);
    socklen_t size = sizeof at;
    sockets_.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::bind(sockets_.front(), where, size) != 0 || ::listen(sockets_.front(), 0) != 0 ||
        ::getsockname(sockets_.front(), where, &size) != 0) {
        throw std::runtime_error("no black hole at " + address);
    }
    port_ = ntohs(at.sin_port);
    // Filled up until somebody gets no answer.
    for (int i = 0; i < kMost; ++i) {
        sockets_.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        ::connect(sockets_.back(), where, size);
        pollfd answered{sockets_.back(), POLLOUT, 0};
        if (::poll(&answered, 1, kAnswerWithin) == 0) return;
    }
    throw std::runtime_error("the backlog does not fill up");
}

BlackHole::~BlackHole() {
    for (const int socket : sockets_) ::close(socket);
}

}  // namespace countersign::test
