#include "host/broker/supervisor.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <utility>

#include "host/base/clock.h"
#include "host/base/error.h"
#include "host/base/printable.h"
#include "host/base/tree.h"
#include "host/broker/ca_folder.h"
#include "host/broker/ownership.h"
#include "host/broker/report_channel.h"
#include "host/broker/running.h"
#include "host/broker/saved_state.h"

namespace countersign::broker {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr auto kStopGrace = std::chrono::seconds(10);  // it saves its persistence first
constexpr std::size_t kRecentLines = 8;
// The same line, so often in a minute.
constexpr std::uint32_t kRepeats = 20;
constexpr std::int64_t kRepeatWindowMs = 60'000;
constexpr std::size_t kLinesTold = 4096;  // apart
constexpr std::size_t kMaxLine = 8192;
// Mosquitto's last word before its loop: every listener is open, every plugin loaded.
constexpr std::string_view kRunning = " running";
constexpr std::string_view kVersion = "mosquitto version ";
constexpr std::string_view kStateUnreadable = "Couldn't open database.";
constexpr std::string_view kStateInPart = "in persistent database file. Ignoring.";
// As many as systemd lets a service have, and our own units ask for; a container may say "for ever".
constexpr rlim_t kMaxFiles = 1'048'576;
constexpr std::string_view kWhatIsLost =
    "retained messages and messages for absent clients are lost, and sessions begin anew";

void check_port(const Settings& settings, std::uint16_t wanted) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    addrinfo* list = nullptr;
    const std::string port = std::to_string(wanted);
    const char* address = settings.address.empty() ? nullptr : settings.address.c_str();
    if (::getaddrinfo(address, port.c_str(), &hints, &list) != 0) return;  // Mosquitto will say it
    int reason = 0;
    for (const addrinfo* entry = list; entry != nullptr && reason == 0; entry = entry->ai_next) {
        const int fd = ::socket(entry->ai_family, entry->ai_socktype | SOCK_CLOEXEC, entry->ai_protocol);
        if (fd < 0) continue;  // no IPv6 here
        const int yes = 1;
        ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
        if (entry->ai_family == AF_INET6) ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
        if (::bind(fd, entry->ai_addr, entry->ai_addrlen) != 0 || ::listen(fd, 1) != 0) reason = errno;
        ::close(fd);
    }
    ::freeaddrinfo(list);
    if (reason == EADDRINUSE) {
        throw Error(
            Code::PortInUse, fmt::format("Something else listens on port {}.", wanted),
            wanted == settings.port ? "" : fmt::format("countersign hosts port {} --only", settings.port));
    }
    if (reason == EACCES) {
        throw Error(Code::PortInUse, fmt::format("Only root may listen on port {}.", wanted),
                    "choose a port above 1023: countersign hosts port N");
    }
}

// A client is a file, and a shell allows 1,024 of them.
void raise_file_limit() {
    rlimit files{};
    if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return;
    const rlim_t most = std::min(files.rlim_max, kMaxFiles);
    if (files.rlim_cur >= most) return;
    files.rlim_cur = most;
    ::setrlimit(RLIMIT_NOFILE, &files);
}

// Crashed, as opposed to: was ended by somebody.
bool has_crashed(int exit_code) {
    return exit_code == 128 + SIGSEGV || exit_code == 128 + SIGABRT || exit_code == 128 + SIGBUS;
}

void check_files(const Settings& settings) {
    const Files files(settings.folder);
    for (const auto* file : {&files.config, &files.acl, &files.cas, &files.certificate, &files.key,
                             &files.admission, &files.plugin, &files.data}) {
        // Mosquitto would wait for a pipe for ever.
        const bool folder = file == &files.data || file == &files.cas;
        if (!folder) (void)open_file(*file, O_RDONLY, Code::FileRead);
        check_reachable(*file, settings.user);
    }
}

// True when this process is the Mosquitto of this configuration and not some later user of its number.
bool runs_mosquitto(pid_t pid, const std::filesystem::path& config) {
    try {
        const std::string arguments = read_text("/proc/" + std::to_string(pid) + "/cmdline");
        return arguments.find("mosquitto") != std::string::npos &&
               arguments.ends_with(std::string("-c\0", 3) + config.string() + '\0');
    } catch (const Error&) {
        return false;
    }
}

// The kernel forgets that Mosquitto is to end with us when it drops root: a countersign that was killed
// leaves it behind. Its successor, holding the lock now, ends it.
void end_left_behind(const std::filesystem::path& pid_file, const std::filesystem::path& config) {
    if (!std::filesystem::exists(pid_file)) return;
    const auto pid = static_cast<pid_t>(std::strtol(read_text(pid_file).c_str(), nullptr, 10));
    const auto deadline = steady_clock::now() + kStopGrace;
    while (pid > 1 && runs_mosquitto(pid, config)) {
        ::kill(pid, steady_clock::now() < deadline ? SIGTERM : SIGKILL);
        std::this_thread::sleep_for(milliseconds(50));  // no child of ours: its end cannot be awaited
    }
}

}  // namespace

Supervisor::Supervisor(Settings settings, LineSink sink)
    : settings_(std::move(settings)),
      sink_(std::move(sink)),
      budget_(kRepeats, kRepeatWindowMs, kLinesTold) {}

Supervisor::~Supervisor() = default;

void Supervisor::start(milliseconds deadline) {
    const std::string program = find_program("mosquitto");
    if (program.empty()) {
        throw Error(Code::ToolMissing, "mosquitto is not installed.", "apt-get install mosquitto");
    }
    const RunningFiles running(settings_.folder);
    // A moment's patience: RunningBroker holds it while it looks.
    lock_ = std::make_unique<FileLock>(running.lock, milliseconds(200));
    const Files files(settings_.folder);
    end_left_behind(running.pid, files.config);
    place_cas(settings_.folder);
    place_plugin(settings_.folder);
    // Before that it may have been an older one that takes a row with the flag for damage.
    write_file(files.knows_fresh, "", kPublicFile);
    hand_over(settings_.folder);
    check_files(settings_);
    check_port(settings_, settings_.port);
    for (const auto port : settings_.former_ports) check_port(settings_, port);
    raise_file_limit();
    if (const auto fault = saved_state_fault(files.data); !fault.empty()) {
        tell_loss(fault, move_saved_state_aside(files.data, SystemClock().now()));
    }
    launch(program);
    try {
        wait_until_it_listens(deadline);
    } catch (const Error&) {
        if (!state_unreadable_) throw;
        start_without_state(program, deadline);
    }
}

// Back in its place when Mosquitto does not start without it either: then it was not the fault.
void Supervisor::start_without_state(const std::string& program, milliseconds deadline) {
    const Files files(settings_.folder);
    const auto aside = move_saved_state_aside(files.data, SystemClock().now());
    launch(program);
    try {
        wait_until_it_listens(deadline);
    } catch (const Error&) {
        if (!aside.empty()) rename_entry(aside, files.data / kSavedState);
        throw;
    }
    tell_loss("Mosquitto cannot read it", aside);
}

void Supervisor::tell_loss(std::string_view fault, const std::filesystem::path& aside) {
    if (aside.empty()) return;
    const Error loss(Code::SavedState,
                     fmt::format("{} was damaged ({}): {}.",
                                 (Files(settings_.folder).data / kSavedState).string(), fault, kWhatIsLost),
                     fmt::format("nothing to do: it is kept as {}", aside.string()));
    sink_(loss.what());
}

void Supervisor::launch(const std::string& program) {
    const RunningFiles running(settings_.folder);
    auto channel = make_report_channel();
    reports_ = std::move(channel.ours);
    listening_ = state_unreadable_ = state_in_part_ = false;
    // Whoever waits to be read waits with every client.
    const std::array<int, 1> handed_on{channel.plugins.get()};
    const ChildOptions options{handed_on, false};
    child_ = std::make_unique<ChildProcess>(
        std::vector<std::string>{program, "-c", Files(settings_.folder).config.string()}, options);
    write_file(running.pid, std::to_string(child_->pid()) + "\n", kPublicFile);
}

void Supervisor::wait_until_it_listens(milliseconds deadline) {
    const auto end = steady_clock::now() + deadline;
    while (!listening_) {
        if (steady_clock::now() >= end) {
            throw Error(Code::BrokerDied,
                        fmt::format("Mosquitto does not listen after {} ms.", deadline.count()));
        }
        pump(milliseconds(100));
    }
}

void Supervisor::pump(milliseconds wait) {
    if (child_ != nullptr && output_ends_within(wait)) report_death();
}

// Waits for output or a report once; true at the output's end, which is the end of Mosquitto.
bool Supervisor::output_ends_within(milliseconds wait) {
    std::array<pollfd, 2> waits{{{child_->output(), POLLIN, 0}, {reports_.get(), POLLIN, 0}}};
    if (::poll(waits.data(), waits.size(), static_cast<int>(wait.count())) <= 0) return false;
    take_reports();
    return waits[0].revents != 0 && !take_output();
}

void Supervisor::take_reports() {
    std::array<char, kMaxReport> report{};
    for (;;) {
        const ssize_t got = ::recv(reports_.get(), report.data(), report.size(), MSG_DONTWAIT);
        if (got < 0 && errno == EINTR) continue;
        if (got == 0) reports_ = Descriptor();  // the other end is gone: poll(2) passes over -1
        if (got <= 0) return;
        const auto admission = read_admission({report.data(), static_cast<std::size_t>(got)});
        if (admission && admitted_) admitted_(*admission);
    }
}

// False at the end of the output.
bool Supervisor::take_output() {
    std::array<char, 4096> chunk{};
    for (;;) {
        const ssize_t got = ::read(child_->output(), chunk.data(), chunk.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return true;
        if (got == 0) return false;
        rest_.append(chunk.data(), static_cast<std::size_t>(got));
        std::size_t end = 0;
        while ((end = rest_.find('\n')) != std::string::npos) {
            take_line(std::string_view(rest_).substr(0, end));
            rest_.erase(0, end + 1);
        }
        if (rest_.size() > kMaxLine) rest_.clear();
    }
}

void Supervisor::take_line(std::string_view line) {
    if (line.find(kVersion) != std::string_view::npos && line.ends_with(kRunning)) listening_ = true;
    recent_.emplace_back(line);
    if (recent_.size() > kRecentLines) recent_.pop_front();
    if (line.find(kStateUnreadable) != std::string_view::npos) state_unreadable_ = true;
    if (line.ends_with(kStateInPart)) {
        if (std::exchange(state_in_part_, true)) return;  // it may say so a thousand times
        sink_(Error(Code::SavedState,
                    fmt::format(
                        "A part of {} is damaged: some retained messages, messages for absent clients or "
                        "sessions are lost.",
                        (Files(settings_.folder).data / kSavedState).string()),
                    "nothing to do: the broker goes on with the rest")
                  .what());
        return;
    }
    if (suspicion_) {
        if (const auto suspicion = read_suspicion(line)) suspicion_(*suspicion);
    }
    if (excess_) {
        if (const auto name = read_excess(line)) excess_(*name);
    }
    if (trespasser_) {
        if (const auto client_id = read_trespasser(line)) trespasser_(*client_id);
    }
    if (settings_.verbose) return sink_(line);
    const std::string words = translate(line);
    if (words.empty()) return;
    // Without the time of day: whoever knocks all day is told of so often, and then how often it was.
    const std::size_t said_at = words.find("  ");
    const auto kept_back = budget_.spend(
        said_at == std::string::npos ? words : words.substr(said_at),
        std::chrono::duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count());
    if (kept_back) sink_(words + more_like_it(*kept_back));
}

void Supervisor::report_death() {
    child_->stop();
    std::string last;
    for (const auto& line : recent_) last += "\n" + one_line(line);
    const int code = child_->exit_code();
    if (!listening_ && has_crashed(code)) state_unreadable_ = true;
    child_.reset();
    reports_ = Descriptor();
    if (last.find("Address already in use") != std::string::npos) {
        throw Error(Code::PortInUse, fmt::format("Something else listens on port {}.", settings_.port));
    }
    throw Error(Code::BrokerDied, fmt::format("Mosquitto ended by itself (exit code {}). Its last lines:{}\n",
                                              code, last.empty() ? "\n(none)" : last));
}

bool Supervisor::reload() {
    if (child_ == nullptr || child_->ended()) return false;
    child_->signal(SIGHUP);
    return true;
}

void Supervisor::stop() {
    if (child_ == nullptr) return;
    const auto deadline = steady_clock::now() + kStopGrace;
    auto next_signal = steady_clock::now();
    bool ended = false;
    while (!ended && steady_clock::now() < deadline) {
        // Sent again, since Mosquitto loses one that comes between its word that it runs and its loop.
        if (steady_clock::now() >= next_signal) {
            child_->signal(SIGTERM);
            next_signal += milliseconds(250);
        }
        ended = output_ends_within(milliseconds(100));
    }
    take_reports();
    child_->stop();
    child_.reset();
    reports_ = Descriptor();
    lock_.reset();
}

pid_t Supervisor::pid() const noexcept {
    return child_ == nullptr ? -1 : child_->pid();
}

}  // namespace countersign::broker
