#include "bench/authentication/tap.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "bench/support/support.h"

namespace countersign::bench {
namespace {

// Passes on what is there; false when the sender has ended.
bool pass(const Socket& from, const Socket& to, std::string& kept) {
    const std::string bytes = from.read();
    kept += bytes;
    return !bytes.empty() && to.write(bytes);
}

// One connection, until either side ends it or `stop` is readable.
Captured carry(const Socket& client, const Socket& broker, int stop) {
    Captured captured;
    for (;;) {
        std::array<pollfd, 3> waits{{{client.fd(), POLLIN, 0}, {broker.fd(), POLLIN, 0}, {stop, POLLIN, 0}}};
        ::poll(waits.data(), waits.size(), -1);
        if (waits[0].revents != 0 && !pass(client, broker, captured.up)) return captured;
        if (waits[1].revents != 0 && !pass(broker, client, captured.down)) return captured;
        if (waits[2].revents != 0 && waits[0].revents == 0 && waits[1].revents == 0) return captured;
    }
}

}  // namespace

Tap::Tap(std::uint16_t to) : to_(to) {
    expect(::pipe2(stop_.data(), O_CLOEXEC) == 0, "pipe");
    thread_ = std::thread([this] { run(); });
}

Tap::~Tap() {
    (void)finish();
    for (const int fd : stop_) ::close(fd);
}

const std::vector<Captured>& Tap::finish() {
    if (thread_.joinable()) {
        expect(::write(stop_[1], "", 1) == 1, "write");
        thread_.join();
    }
    return captured_;
}

void Tap::run() {
    for (;;) {
        const Socket client = listener_.accept(stop_[0]);
        if (!client.open()) return;
        const Socket broker = Socket::connect(to_);
        if (broker.open()) captured_.push_back(carry(client, broker, stop_[0]));
    }
}

}  // namespace countersign::bench
