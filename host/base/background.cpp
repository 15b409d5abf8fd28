#include "host/base/background.h"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

namespace countersign {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// False when nothing will come any more.
bool Background::read_some(milliseconds wait) {
    pollfd readable{child_.output(), POLLIN, 0};
    ::poll(&readable, 1, static_cast<int>(wait.count()));
    std::array<char, 4096> chunk{};
    const ssize_t got = ::read(child_.output(), chunk.data(), chunk.size());
    if (got > 0) output_.append(chunk.data(), static_cast<std::size_t>(got));
    return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

bool Background::wait_for(std::string_view text, milliseconds deadline) {
    const auto end = steady_clock::now() + deadline;
    for (bool more = true;;) {
        const std::size_t at = output_.find(text, seen_);
        if (at != std::string::npos) {
            seen_ = at + text.size();
            return true;
        }
        if (!more || steady_clock::now() >= end) return false;
        more = read_some(milliseconds(50));
    }
}

void Background::gather(milliseconds time) {
    const auto end = steady_clock::now() + time;
    while (steady_clock::now() < end && read_some(milliseconds(10))) {
    }
}

int Background::interrupt() {
    child_.signal(SIGINT);
    const auto end = steady_clock::now() + std::chrono::seconds(10);
    while (!child_.ended() && steady_clock::now() < end) (void)read_some(milliseconds(5));
    gather(milliseconds(100));
    child_.stop(milliseconds(0));
    return child_.exit_code();
}

}  // namespace countersign
