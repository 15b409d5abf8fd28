#include "host/base/service.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

namespace countersign {
namespace {

constexpr std::size_t kMaxLine = 4096;  // a longer one is cut in two

}  // namespace

Service::Service(std::vector<std::string> argv, LineSink sink, std::vector<int> handed_on)
    : argv_(std::move(argv)), sink_(std::move(sink)), handed_on_(std::move(handed_on)) {}

bool Service::turn(Time now) {
    if (child_) {
        // Asked before reading: what a program printed before its end is then read too.
        const bool ended = child_->ended();
        pass_lines_on();
        if (!ended) return false;
        end(now);
        return true;
    }
    if (stopped_ || now < due_) return false;
    start(now);
    return true;
}

void Service::start(Time now) {
    child_ = std::make_unique<ChildProcess>(argv_, ChildOptions{.handed_on = handed_on_});
    started_ = now;
    ++starts_;
}

void Service::end(Time now) {
    if (now - started_ >= kLastPause) pause_ = kFirstPause;
    due_ = now + pause_;
    pause_ = std::min(pause_ * 2, kLastPause);
    exit_code_ = child_->exit_code();
    child_.reset();
    if (!rest_.empty()) sink_(rest_);
    rest_.clear();
}

void Service::pass_lines_on() {
    std::array<char, 4096> chunk{};
    for (;;) {
        const ssize_t got = ::read(child_->output(), chunk.data(), chunk.size());
        if (got <= 0) return;
        rest_.append(chunk.data(), static_cast<std::size_t>(got));
        for (;;) {
            const std::size_t end = std::min(rest_.find('\n'), kMaxLine);
            if (end >= rest_.size()) break;
            sink_(std::string_view(rest_).substr(0, end));
            rest_.erase(0, end + (rest_[end] == '\n' ? 1 : 0));
        }
    }
}

void Service::stop(std::chrono::milliseconds grace) {
    stopped_ = true;
    if (!child_) return;
    child_->stop(grace);
    pass_lines_on();
    end(started_);
}

}  // namespace countersign
