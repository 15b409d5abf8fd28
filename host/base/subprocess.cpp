#include "host/base/subprocess.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <utility>

#include "host/base/error.h"

namespace countersign {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t kMaxOutput = std::size_t{1} << 20;
constexpr int kCannotStart = 127;  // what a shell says
constexpr int kPatientPipe =
    1 << 20;  // bytes; what an ordinary user may ask for (/proc/sys/fs/pipe-max-size)

std::vector<char*> as_argv(const std::vector<std::string>& arguments) {
    std::vector<char*> argv;
    argv.reserve(arguments.size() + 1);
    for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    return argv;
}

int decode_status(int status) {
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

struct Pipe {
    int read_end = -1;
    int write_end = -1;
    Pipe() {
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw Error(Code::Internal, "pipe failed.");
        read_end = ends[0];
        write_end = ends[1];
    }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
    ~Pipe() {
        close_read();
        close_write();
    }
    void close_read() { close_end(read_end); }
    void close_write() { close_end(write_end); }

  private:
    static void close_end(int& end) {
        if (end >= 0) ::close(end);
        end = -1;
    }
};

// Between fork and exec only async-signal-safe calls: argv is made before.
pid_t spawn(const std::vector<std::string>& arguments, int input, int output,
            std::span<const int> handed_on) {
    const auto argv = as_argv(arguments);
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid != 0) {
        if (pid < 0) throw Error(Code::Internal, "fork failed.");
        return pid;
    }
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);  // a killed parent must not leave a broker behind
    if (::getppid() != parent) ::_exit(kCannotStart);
    const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::dup2(input >= 0 ? input : null, STDIN_FILENO);
    ::dup2(output, STDOUT_FILENO);
    ::dup2(output, STDERR_FILENO);
    for (const int fd : handed_on) ::fcntl(fd, F_SETFD, 0);  // close-on-exec is off, in the child alone
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::execvp(argv[0], argv.data());
    ::_exit(kCannotStart);
}

void set_nonblocking(int fd) {
    ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
}

// Splits a stream into lines for `on_line`, keeping the unfinished rest.
class LineFeed {
  public:
    explicit LineFeed(const std::function<void(std::string_view)>& on_line) : on_line_(on_line) {}
    void add(std::string_view chunk) {
        if (!on_line_) return;
        rest_.append(chunk);
        std::size_t end = 0;
        while ((end = rest_.find('\n')) != std::string::npos) {
            on_line_(std::string_view(rest_).substr(0, end));
            rest_.erase(0, end + 1);
        }
    }
    void finish() {
        if (on_line_ && !rest_.empty()) on_line_(rest_);
    }

  private:
    const std::function<void(std::string_view)>& on_line_;
    std::string rest_;
};

// Feeds `input`, gathers output until end of file or the deadline. False: the deadline came first, or it was
// given up.
bool pump(Pipe& to_child, Pipe& from_child, std::string_view input, steady_clock::time_point deadline,
          const std::function<bool()>& give_up, std::string& output, LineFeed& lines) {
    const long wait = give_up ? 100 : 1000;
    set_nonblocking(to_child.write_end);
    set_nonblocking(from_child.read_end);
    if (input.empty()) to_child.close_write();
    for (;;) {
        const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now()).count();
        if (left <= 0 || (give_up && give_up())) return false;
        std::array<pollfd, 2> waits{{{from_child.read_end, POLLIN, 0}, {to_child.write_end, POLLOUT, 0}}};
        if (::poll(waits.data(), waits.size(), static_cast<int>(std::min<long>(left, wait))) < 0 &&
            errno != EINTR) {
            return false;
        }
        if ((waits[1].revents & (POLLOUT | POLLERR)) != 0) {
            const ssize_t written = ::write(to_child.write_end, input.data(), input.size());
            if (written > 0) input.remove_prefix(static_cast<std::size_t>(written));
            if (input.empty() || (written < 0 && errno != EAGAIN)) to_child.close_write();
        }
        if ((waits[0].revents & (POLLIN | POLLHUP)) == 0) continue;
        std::array<char, 4096> chunk{};
        const ssize_t got = ::read(from_child.read_end, chunk.data(), chunk.size());
        if (got == 0) return true;
        if (got < 0) continue;
        output.append(chunk.data(), static_cast<std::size_t>(got));
        lines.add({chunk.data(), static_cast<std::size_t>(got)});
        if (output.size() > kMaxOutput) output.erase(0, output.size() - kMaxOutput);
    }
}

}  // namespace

CommandResult run_command(const std::vector<std::string>& argv, milliseconds deadline, std::string_view input,
                          const std::function<void(std::string_view)>& on_line,
                          const std::function<bool()>& give_up, std::span<const int> handed_on) {
    Pipe to_child;
    Pipe from_child;
    // A child that ends before it has read its input must not end us.
    std::signal(SIGPIPE, SIG_IGN);
    const pid_t pid = spawn(argv, to_child.read_end, from_child.write_end, handed_on);
    to_child.close_read();
    from_child.close_write();
    CommandResult result{};
    LineFeed lines(on_line);
    result.timed_out =
        !pump(to_child, from_child, input, steady_clock::now() + deadline, give_up, result.output, lines);
    if (result.timed_out) ::kill(pid, SIGKILL);
    lines.finish();
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    result.exit_code = decode_status(status);
    return result;
}

std::string find_program(std::string_view name) {
    if (name.find('/') != std::string_view::npos) {
        return ::access(std::string(name).c_str(), X_OK) == 0 ? std::string(name) : std::string();
    }
    const char* path = std::getenv("PATH");
    // Mosquitto lives in /usr/sbin, which is not on every user's PATH.
    std::string folders = std::string(path != nullptr ? path : "") + ":/usr/local/sbin:/usr/sbin:/sbin";
    std::size_t begin = 0;
    while (begin <= folders.size()) {
        const std::size_t end = std::min(folders.find(':', begin), folders.size());
        std::string candidate = folders.substr(begin, end - begin) + "/" + std::string(name);
        if (end > begin && ::access(candidate.c_str(), X_OK) == 0) return candidate;
        begin = end + 1;
    }
    return {};
}

ChildProcess::ChildProcess(const std::vector<std::string>& argv, const ChildOptions& options) {
    Pipe from_child;
    if (!options.output_waits) {
        set_nonblocking(from_child.write_end);
        ::fcntl(from_child.write_end, F_SETPIPE_SZ, kPatientPipe);  // refused: what a pipe has by default
    }
    pid_ = spawn(argv, -1, from_child.write_end, options.handed_on);
    output_ = std::exchange(from_child.read_end, -1);
    set_nonblocking(output_);
}

ChildProcess::~ChildProcess() {
    stop();
    ::close(output_);
}

bool ChildProcess::ended() {
    if (reaped_) return true;
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) != pid_) return false;
    exit_code_ = decode_status(status);
    reaped_ = true;
    return true;
}

void ChildProcess::signal(int number) {
    if (!ended()) ::kill(pid_, number);
}

void ChildProcess::stop(milliseconds grace) {
    signal(SIGTERM);
    const auto deadline = steady_clock::now() + grace;
    while (!ended() && steady_clock::now() < deadline) std::this_thread::sleep_for(milliseconds(5));
    if (ended()) return;
    signal(SIGKILL);
    while (!ended()) std::this_thread::sleep_for(milliseconds(1));
}

}  // namespace countersign
