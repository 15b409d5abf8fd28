#include "bench/client/child.h"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <exception>

#include "bench/support/support.h"

namespace countersign::bench {
namespace {

constexpr unsigned kPatience = 120;  // seconds
constexpr char kReady = 'r';

Cost spent_so_far() {
    rusage self{};
    ::getrusage(RUSAGE_SELF, &self);  // all threads
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    const auto wall = std::chrono::steady_clock::now().time_since_epoch();
    return {std::chrono::duration<double>(wall).count(), seconds(self.ru_utime) + seconds(self.ru_stime)};
}

[[noreturn]] void run(const Child::Work& work, int to) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::alarm(kPatience);
    Stopwatch stopwatch;
    try {
        work(stopwatch, [to] { expect(::write(to, &kReady, 1) == 1, "write"); });
    } catch (const std::exception& error) {
        fmt::print(stderr, "{}\n", error.what());
        ::_exit(1);
    }
    const Cost cost = stopwatch.cost();
    ::_exit(::write(to, &cost, sizeof cost) == sizeof cost ? 0 : 1);
}

}  // namespace

void Stopwatch::start() {
    cost_ = spent_so_far();
}

void Stopwatch::stop() {
    const Cost now = spent_so_far();
    cost_ = {now.wall - cost_.wall, now.cpu - cost_.cpu};
}

Child::Child(const Work& work) {
    std::array<int, 2> ends{};
    expect(::pipe(ends.data()) == 0, "pipe");
    pid_ = ::fork();
    expect(pid_ >= 0, "fork");
    if (pid_ == 0) {
        ::close(ends[0]);
        run(work, ends[1]);
    }
    ::close(ends[1]);
    from_ = ends[0];
}

Child::~Child() {
    if (pid_ > 0) {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    ::close(from_);
}

void Child::wait_until_ready() const {
    char said = 0;
    expect(::read(from_, &said, 1) == 1 && said == kReady, "a client's work");
}

void Child::pause() const {
    ::kill(pid_, SIGSTOP);
}

void Child::go_on() const {
    ::kill(pid_, SIGCONT);
}

Cost Child::finish() {
    Cost cost;
    const bool told = ::read(from_, &cost, sizeof cost) == sizeof cost;
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    expect(told && WIFEXITED(status) && WEXITSTATUS(status) == 0, "a client's work");
    return cost;
}

}  // namespace countersign::bench
