#include "host/loader/cable.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "host/base/error.h"
#include "host/loader/ports.h"
#include "host/loader/pty.h"

namespace countersign::loader {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t kMaxHeard = std::size_t{64} << 10;
constexpr std::size_t kChunk = 4096;
// To a terminal whose program does not read; mpremote always does.
constexpr std::size_t kMaxInFlight = std::size_t{64} << 10;
// Linux reports no event when a pseudo-terminal is opened: it is looked at this often while nobody has it.
constexpr milliseconds kLook{10};

// As pyserial opens it for mpremote: raw, 115200 baud, locked, DTR and RTS as the kernel leaves them.
int open_port(const std::string& port) {
    check_port(port);
    const int fd = ::open(port.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        if (errno == EBUSY) throw Error(Code::PortBusy, "Another program has " + port + " open.");
        throw Error(Code::PortMissing, port + " cannot be opened.");
    }
    termios settings{};
    const bool is_terminal = ::tcgetattr(fd, &settings) == 0;
    if (!is_terminal || ::flock(fd, LOCK_EX | LOCK_NB) != 0) {
        ::close(fd);
        if (!is_terminal) throw Error(Code::PortMissing, port + " is not a serial port.");
        const std::string holder = port_holder(port);
        throw Error(Code::PortBusy,
                    (holder.empty() ? "Another program" : holder) + " has " + port + " open.");
    }
    ::cfmakeraw(&settings);
    settings.c_cflag |= CLOCAL | CREAD;
    settings.c_cflag &= ~static_cast<tcflag_t>(CRTSCTS | CSTOPB);
    ::cfsetspeed(&settings, B115200);
    settings.c_cc[VMIN] = 1;  // so that "nothing there" and "gone" differ
    settings.c_cc[VTIME] = 0;
    ::tcsetattr(fd, TCSANOW, &settings);
    return fd;
}

}  // namespace

// The port and the terminal belong to one thread.
class Cable::Relay {
  public:
    explicit Relay(const std::string& port) : port_(open_port(port)), heard_at_(steady_clock::now()) {
        try {
            terminal_.emplace();
            name_ = terminal_->port();
            wake_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
            if (wake_ < 0) throw Error(Code::Internal, "eventfd failed.");
            thread_ = std::thread([this] { run(); });
        } catch (...) {
            if (wake_ >= 0) ::close(wake_);
            ::close(port_);
            throw;
        }
    }
    Relay(const Relay&) = delete;
    Relay& operator=(const Relay&) = delete;
    ~Relay() {
        {
            const std::lock_guard lock(mutex_);
            done_ = true;
        }
        ::eventfd_write(wake_, 1);
        thread_.join();
        ::close(wake_);
        if (port_ >= 0) ::close(port_);
    }

    void type(std::string_view bytes) {
        {
            const std::lock_guard lock(mutex_);
            typed_ += bytes;
        }
        ::eventfd_write(wake_, 1);
    }

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] bool lost() const {
        const std::lock_guard lock(mutex_);
        return lost_;
    }
    [[nodiscard]] std::size_t heard() const {
        const std::lock_guard lock(mutex_);
        return dropped_ + heard_.size();
    }
    [[nodiscard]] steady_clock::time_point heard_at() const {
        const std::lock_guard lock(mutex_);
        return heard_at_;
    }
    [[nodiscard]] std::string since(std::size_t from) const {
        const std::lock_guard lock(mutex_);
        return std::string(after(from));
    }
    [[nodiscard]] bool wait_for(std::string_view text, milliseconds deadline, std::size_t from) const {
        std::unique_lock lock(mutex_);
        const auto there = [&] { return after(from).find(text) != std::string_view::npos; };
        more_.wait_for(lock, deadline, [&] { return lost_ || there(); });
        return there();
    }
    [[nodiscard]] bool wait_for_more(milliseconds deadline, std::size_t from) const {
        std::unique_lock lock(mutex_);
        const auto there = [&] { return dropped_ + heard_.size() > from; };
        more_.wait_for(lock, deadline, [&] { return lost_ || there(); });
        return there();
    }

  private:
    [[nodiscard]] std::string_view after(std::size_t from) const {
        const std::string_view all = heard_;
        return all.substr(from > dropped_ ? std::min(from - dropped_, all.size()) : 0);
    }

    void run() {
        while (turn()) {
        }
    }

    // Waits for something to do, then moves bytes both ways. False: the end.
    bool turn() {
        const bool listening = terminal_ && terminal_->in_use();
        if (!listening) to_terminal_.clear();
        const auto events = [](bool in, bool out) {
            return static_cast<short>((in ? POLLIN : 0) | (out ? POLLOUT : 0));
        };
        std::array<pollfd, 3> waits{{
            {wake_, POLLIN, 0},
            {listening ? terminal_->fd() : -1, events(to_board_.empty(), !to_terminal_.empty()), 0},
            {port_, events(to_terminal_.size() < kMaxInFlight, !to_board_.empty()), 0},
        }};
        ::poll(waits.data(), waits.size(), terminal_ && !listening ? static_cast<int>(kLook.count()) : -1);
        const bool go_on = take_typed();
        if (terminal_ && to_board_.empty()) to_board_ = terminal_->read(kChunk);
        if (port_ >= 0 && (!write_port() || !read_port())) lose_port();
        if (terminal_ && !to_terminal_.empty()) to_terminal_.erase(0, terminal_->write(to_terminal_));
        return go_on;
    }

    bool take_typed() {
        eventfd_t count = 0;
        ::eventfd_read(wake_, &count);
        const std::lock_guard lock(mutex_);
        to_board_ += typed_;
        typed_.clear();
        return !done_;
    }

    bool write_port() {
        if (to_board_.empty()) return true;
        const ssize_t sent = ::write(port_, to_board_.data(), to_board_.size());
        if (sent > 0) to_board_.erase(0, static_cast<std::size_t>(sent));
        return sent >= 0 || errno == EAGAIN || errno == EINTR;
    }

    bool read_port() {
        if (to_terminal_.size() >= kMaxInFlight) return true;
        std::array<char, kChunk> chunk{};
        const ssize_t got = ::read(port_, chunk.data(), chunk.size());
        if (got < 0) return errno == EAGAIN || errno == EINTR;
        if (got == 0) return false;
        const std::string_view bytes(chunk.data(), static_cast<std::size_t>(got));
        if (terminal_ && terminal_->in_use()) to_terminal_ += bytes;
        const std::lock_guard lock(mutex_);
        heard_ += bytes;
        heard_at_ = steady_clock::now();
        if (heard_.size() > kMaxHeard) {
            dropped_ += heard_.size() - kMaxHeard;
            heard_.erase(0, heard_.size() - kMaxHeard);
        }
        more_.notify_all();
        return true;
    }

    // The terminal goes too: whoever has it open ends.
    void lose_port() {
        ::close(port_);
        port_ = -1;
        terminal_.reset();
        to_terminal_.clear();
        const std::lock_guard lock(mutex_);
        lost_ = true;
        more_.notify_all();
    }

    // The thread's own.
    int port_;
    std::optional<Pty> terminal_;
    std::string to_board_, to_terminal_;

    std::string name_;
    int wake_ = -1;

    mutable std::mutex mutex_;  // for what follows
    mutable std::condition_variable more_;
    std::string typed_;
    std::string heard_;
    std::size_t dropped_ = 0;
    steady_clock::time_point heard_at_;
    bool lost_ = false;
    bool done_ = false;

    std::thread thread_;
};

Cable::Cable(const std::string& port) : relay_(std::make_unique<Relay>(port)) {}
Cable::~Cable() = default;

std::string Cable::terminal() const {
    return relay_->name();
}
bool Cable::lost() const {
    return relay_->lost();
}
std::size_t Cable::heard() const {
    return relay_->heard();
}
steady_clock::time_point Cable::heard_at() const {
    return relay_->heard_at();
}
std::string Cable::since(std::size_t from) const {
    return relay_->since(from);
}
bool Cable::wait_for(std::string_view text, milliseconds deadline, std::size_t from) const {
    return relay_->wait_for(text, deadline, from);
}
bool Cable::wait_for_more(milliseconds deadline, std::size_t from) const {
    return relay_->wait_for_more(deadline, from);
}
void Cable::type(std::string_view bytes) {
    relay_->type(bytes);
}

}  // namespace countersign::loader
