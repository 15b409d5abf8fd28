#include "host/base/line_writer.h"

#include <fmt/format.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

namespace countersign {
namespace {

constexpr std::chrono::milliseconds kPatience{1000};

// False when nobody will ever read it.
bool write_text(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(fd, text.data(), text.size());
        if (written >= 0) {
            text.remove_prefix(static_cast<std::size_t>(written));
        } else if (errno == EAGAIN) {  // somebody else has made it non-blocking
            pollfd room{fd, POLLOUT, 0};
            ::poll(&room, 1, -1);
        } else if (errno != EINTR) {
            return false;
        }
    }
    return true;
}

// Signals are for the thread that was there before.
class NoSignals {
  public:
    NoSignals() {
        sigset_t all;
        ::sigfillset(&all);
        ::pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    NoSignals(const NoSignals&) = delete;
    NoSignals& operator=(const NoSignals&) = delete;
    ~NoSignals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

  private:
    sigset_t before_{};
};

}  // namespace

struct LineWriter::Shared {
    Shared(int to, std::size_t bytes) : fd(to), room(bytes) {}

    void run() {
        std::unique_lock lock(mutex);
        for (;;) {
            changed.wait(lock, [this] { return !waiting.empty() || closing; });
            if (waiting.empty()) break;
            const std::string text = std::exchange(waiting, {});
            writing = text.size();
            lock.unlock();
            const bool taken = write_text(fd, text);
            lock.lock();
            writing = 0;
            if (!taken) break;
            tell_losses();
        }
        done = true;
        changed.notify_all();
    }

    // Under the lock.
    void tell_losses() {
        if (dropped == 0) return;
        waiting += fmt::format("… {} lines dropped: nobody read this log\n", std::exchange(dropped, 0));
    }

    const int fd;
    const std::size_t room;
    std::mutex mutex;
    std::condition_variable changed;
    std::string waiting;
    std::size_t writing = 0;  // bytes the thread has taken and not yet written
    std::size_t dropped = 0;
    bool closing = false, done = false;
};

LineWriter::LineWriter(int fd, std::size_t room) : shared_(std::make_shared<Shared>(fd, room)) {
    const NoSignals quiet;
    std::thread([shared = shared_] { shared->run(); }).detach();
}

LineWriter::~LineWriter() {
    close(kPatience);
}

void LineWriter::write(std::string_view line) {
    const std::lock_guard lock(shared_->mutex);
    if (shared_->closing || shared_->done) return;
    const bool fits = shared_->waiting.size() + shared_->writing + line.size() < shared_->room;
    if (!fits || shared_->dropped != 0) {  // in order: none overtakes the word of those that are missing
        ++shared_->dropped;
        return;
    }
    shared_->waiting.append(line).append("\n");
    shared_->changed.notify_all();
}

bool LineWriter::close(std::chrono::milliseconds patience) {
    std::unique_lock lock(shared_->mutex);
    shared_->closing = true;
    shared_->changed.notify_all();
    return shared_->changed.wait_for(lock, patience, [this] { return shared_->done; });
}

}  // namespace countersign
