#include "host/loader/virtual_board.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <condition_variable>
#include <future>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "host/base/beneath.h"
#include "host/base/error.h"
#include "host/base/files.h"
#include "host/loader/board_command.h"
#include "host/loader/board_process.h"
#include "host/loader/helper_programs.h"
#include "host/loader/pty.h"

namespace countersign::loader {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t kMaxConsole = std::size_t{1} << 20;
constexpr std::size_t kChunk = 4096;
// Bytes on their way to a program that has the port open. It stalls longer than this: they are lost, as on a
// wire.
constexpr std::size_t kMaxInFlight = std::size_t{64} << 10;
constexpr milliseconds kStall{2000};
// Linux reports no event when a port is opened: it is looked at this often while nobody has it open.
constexpr milliseconds kLook{10};
// A process that ends by itself is a chip that crashed: it starts again, unless it does nothing but crash.
constexpr milliseconds kCrashLoop{1000};
constexpr int kMaxCrashes = 3;

Descriptor locked(const std::filesystem::path& flash) {
    Descriptor folder = open_path(flash, O_RDONLY | O_DIRECTORY);
    if (!folder || ::flock(folder.get(), LOCK_EX | LOCK_NB) != 0) {
        throw Error(Code::PortBusy,
                    fmt::format("Another virtual board runs with the flash in {}.", flash.string()),
                    "countersign board --dir DIR for a second one");
    }
    return folder;
}

void replace_link(const std::filesystem::path& link, const std::string& target) {
    if (link.empty()) return;
    std::error_code error;
    const auto status = std::filesystem::symlink_status(link, error);
    if (std::filesystem::exists(status) && !std::filesystem::is_symlink(status)) {
        throw Error(Code::FileExists, link.string() + " is there already and is not a link to a port.");
    }
    std::filesystem::remove(link, error);
    if (target.empty()) return;
    std::filesystem::create_symlink(target, link, error);
    if (error) throw Error(Code::FileWrite, link.string() + ": " + error.message());
}

}  // namespace

// Everything the board is made of belongs to one thread; others ask it through call().
class VirtualBoard::Relay {
  public:
    explicit Relay(VirtualBoardOptions options);
    Relay(const Relay&) = delete;
    Relay& operator=(const Relay&) = delete;
    ~Relay();

    // Runs `action` on the relay's thread and waits for it; what it throws arrives here.
    void call(const std::function<void()>& action);

    void power_on();
    void power_off() { process_.reset(); }
    void plug();
    void unplug();
    void type(std::string_view bytes) { to_board_ += bytes; }
    [[nodiscard]] bool powered() const { return process_.has_value(); }

    [[nodiscard]] std::string port() const;
    [[nodiscard]] std::string console() const;
    [[nodiscard]] std::size_t printed() const;
    [[nodiscard]] bool wait_for(std::string_view text, milliseconds deadline, std::size_t from) const;

  private:
    [[nodiscard]] std::vector<std::string> command() const;
    void run();
    void run_calls();
    void pump();
    void from_port();
    void from_board();
    void to_board();
    void to_port();
    void record(std::string_view bytes);
    void crashed();

    VirtualBoardOptions options_;
    std::vector<std::string> command_;

    // The relay thread's own.
    std::optional<BoardProcess> process_;
    std::optional<Pty> pty_;
    std::string to_board_;
    std::string to_port_;
    steady_clock::time_point port_took_;
    steady_clock::time_point started_;
    int crashes_ = 0;
    bool done_ = false;

    mutable std::mutex mutex_;  // for what follows
    mutable std::condition_variable printed_;
    std::string console_;
    std::size_t console_dropped_ = 0;
    std::string port_;
    std::vector<std::packaged_task<void()>> calls_;

    Descriptor flash_;  // locked: two boards would write one flash
    int wake_ = -1;
    std::thread thread_;
};

std::vector<std::string> VirtualBoard::Relay::command() const {
    const auto program = options_.micropython.empty()
                             ? find_helper(options_.riscv ? "micropython-rv32" : "micropython")
                             : options_.micropython.string();
    return options_.riscv ? riscv_board_command(program, options_.flash, options_.chip, options_.counted)
                          : virtual_board_command(program, options_.flash);
}

VirtualBoard::Relay::Relay(VirtualBoardOptions options) : options_(std::move(options)) {
    make_folder(options_.flash, kPrivateFolder);
    options_.flash = std::filesystem::canonical(options_.flash);
    flash_ = locked(options_.flash);
    command_ = command();
    wake_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (wake_ < 0) throw Error(Code::Internal, "eventfd failed.");
    try {
        plug();
        power_on();
        thread_ = std::thread([this] { run(); });
    } catch (...) {
        ::close(wake_);
        throw;
    }
}

VirtualBoard::Relay::~Relay() {
    call([this] { done_ = true; });
    thread_.join();
    try {
        unplug();
    } catch (const std::exception&) {  // the link is no longer ours to remove
    }
    ::close(wake_);
}

void VirtualBoard::Relay::call(const std::function<void()>& action) {
    std::packaged_task<void()> task(action);
    auto result = task.get_future();
    {
        const std::lock_guard lock(mutex_);
        calls_.push_back(std::move(task));
    }
    ::eventfd_write(wake_, 1);
    result.get();
}

void VirtualBoard::Relay::run_calls() {
    eventfd_t count = 0;
    ::eventfd_read(wake_, &count);
    std::vector<std::packaged_task<void()>> calls;
    {
        const std::lock_guard lock(mutex_);
        calls.swap(calls_);
    }
    for (auto& task : calls) task();
}

void VirtualBoard::Relay::run() {
    while (!done_) {
        pump();
        run_calls();
    }
}

void VirtualBoard::Relay::power_on() {
    if (process_) return;
    to_board_.clear();
    process_.emplace(command_);
    started_ = steady_clock::now();
}

void VirtualBoard::Relay::plug() {
    if (pty_) return;
    pty_.emplace();
    to_port_.clear();
    replace_link(options_.port_link, pty_->port());
    const std::lock_guard lock(mutex_);
    port_ = options_.port_link.empty() ? pty_->port() : options_.port_link.string();
}

void VirtualBoard::Relay::unplug() {
    if (!pty_) return;
    pty_.reset();
    replace_link(options_.port_link, "");
}

// One turn: waits for something to do, then moves bytes both ways as far as they go.
void VirtualBoard::Relay::pump() {
    const bool listening = pty_ && pty_->in_use();
    if (!listening) to_port_.clear();
    const auto fd = [](const auto& end, bool wanted) { return end && wanted ? end->fd() : -1; };
    const auto events = [](bool in, bool out) {
        return static_cast<short>((in ? POLLIN : 0) | (out ? POLLOUT : 0));
    };
    std::array<pollfd, 3> waits{{
        {wake_, POLLIN, 0},
        {fd(pty_, listening), events(to_board_.size() < kMaxInFlight, !to_port_.empty()), 0},
        {fd(process_, true), events(to_port_.size() < kMaxInFlight, !to_board_.empty()), 0},
    }};
    const bool look_again = pty_ && (!listening || !to_port_.empty());
    ::poll(waits.data(), waits.size(), look_again ? static_cast<int>(kLook.count()) : -1);
    from_port();
    to_board();
    from_board();
    to_port();
}

void VirtualBoard::Relay::from_port() {
    if (!pty_ || to_board_.size() >= kMaxInFlight) return;
    const std::string bytes = pty_->read(kChunk);
    if (process_) to_board_ += bytes;
}

void VirtualBoard::Relay::to_board() {
    if (!process_ || to_board_.empty()) return;
    const ssize_t sent =
        ::send(process_->fd(), to_board_.data(), to_board_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) to_board_.erase(0, static_cast<std::size_t>(sent));
}

void VirtualBoard::Relay::from_board() {
    if (!process_ || to_port_.size() >= kMaxInFlight) return;
    std::array<char, kChunk> chunk{};
    const ssize_t got = ::recv(process_->fd(), chunk.data(), chunk.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) {
        crashed();
        return;
    }
    const std::string_view bytes(chunk.data(), static_cast<std::size_t>(got));
    record(bytes);
    if (!pty_ || !pty_->in_use()) return;
    if (to_port_.empty()) port_took_ = steady_clock::now();
    to_port_ += bytes;
}

void VirtualBoard::Relay::to_port() {
    if (!pty_ || to_port_.empty()) return;
    const std::size_t sent = pty_->write(to_port_);
    to_port_.erase(0, sent);
    const auto now = steady_clock::now();
    if (sent > 0) port_took_ = now;
    if (now - port_took_ > kStall) to_port_.clear();
}

void VirtualBoard::Relay::record(std::string_view bytes) {
    if (options_.on_output) options_.on_output(bytes);
    const std::lock_guard lock(mutex_);
    console_ += bytes;
    if (console_.size() > kMaxConsole) {
        console_dropped_ += console_.size() - kMaxConsole;
        console_.erase(0, console_.size() - kMaxConsole);
    }
    printed_.notify_all();
}

void VirtualBoard::Relay::crashed() {
    process_.reset();
    crashes_ = steady_clock::now() - started_ < kCrashLoop ? crashes_ + 1 : 1;
    if (crashes_ < kMaxCrashes) {
        power_on();
    } else {
        record("\r\nThe board crashes whenever it starts; it is off.\r\n");
    }
}

std::string VirtualBoard::Relay::port() const {
    const std::lock_guard lock(mutex_);
    return port_;
}

std::string VirtualBoard::Relay::console() const {
    const std::lock_guard lock(mutex_);
    return console_;
}

std::size_t VirtualBoard::Relay::printed() const {
    const std::lock_guard lock(mutex_);
    return console_dropped_ + console_.size();
}

bool VirtualBoard::Relay::wait_for(std::string_view text, milliseconds deadline, std::size_t from) const {
    std::unique_lock lock(mutex_);
    return printed_.wait_for(lock, deadline, [&] {
        const std::size_t begin = from > console_dropped_ ? from - console_dropped_ : 0;
        return console_.find(text, begin) != std::string::npos;
    });
}

VirtualBoard::VirtualBoard(VirtualBoardOptions options)
    : relay_(std::make_unique<Relay>(std::move(options))) {}
VirtualBoard::~VirtualBoard() = default;

std::string VirtualBoard::port() const {
    return relay_->port();
}
std::string VirtualBoard::console() const {
    return relay_->console();
}
std::size_t VirtualBoard::printed() const {
    return relay_->printed();
}
bool VirtualBoard::wait_for(std::string_view text, milliseconds deadline, std::size_t from) const {
    return relay_->wait_for(text, deadline, from);
}
void VirtualBoard::type(std::string_view bytes) {
    relay_->call([&] { relay_->type(bytes); });
}
void VirtualBoard::cut_power() {
    relay_->call([&] { relay_->power_off(); });
}
void VirtualBoard::restore_power() {
    relay_->call([&] { relay_->power_on(); });
}
void VirtualBoard::pull_cable() {
    relay_->call([&] { relay_->unplug(); });
}
void VirtualBoard::plug_cable() {
    relay_->call([&] { relay_->plug(); });
}
bool VirtualBoard::powered() const {
    bool on = false;
    relay_->call([&] { on = relay_->powered(); });
    return on;
}

}  // namespace countersign::loader
