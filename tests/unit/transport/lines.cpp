#include "tests/unit/transport/lines.h"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

namespace countersign::test {

Lines::Lines(const ChildProcess& child) : wake_{-1, -1} {
    if (::pipe(wake_) != 0) throw std::runtime_error("pipe failed");
    reader_ = std::thread([this, output = child.output()] { read(output); });
}

Lines::~Lines() {
    ::close(wake_[1]);
    reader_.join();
    ::close(wake_[0]);
}

void Lines::read(int output) {
    std::string rest;
    std::array<char, 4096> buffer{};
    for (;;) {
        std::array<pollfd, 2> waits{{{output, POLLIN, 0}, {wake_[0], POLLIN, 0}}};
        if (::poll(waits.data(), waits.size(), -1) < 0 || waits[1].revents != 0) break;
        const ssize_t count = ::read(output, buffer.data(), buffer.size());
        if (count <= 0) break;
        rest.append(buffer.data(), static_cast<std::size_t>(count));
        const std::lock_guard lock(mutex_);
        for (std::size_t end = 0; (end = rest.find('\n')) != std::string::npos; rest.erase(0, end + 1)) {
            lines_.push_back(rest.substr(0, end));
        }
        changed_.notify_all();
    }
    const std::lock_guard lock(mutex_);
    ended_ = true;
    changed_.notify_all();
}

std::optional<std::string> Lines::next(std::chrono::milliseconds limit) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, limit, [this] { return ended_ || !lines_.empty(); });
    if (lines_.empty()) return std::nullopt;
    std::string line = std::move(lines_.front());
    lines_.pop_front();
    return line;
}

bool Lines::wait_for(const std::string& text) {
    while (const auto line = next()) {
        if (line->find(text) != std::string::npos) return true;
    }
    return false;
}

}  // namespace countersign::test
