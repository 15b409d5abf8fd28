// Running other programs: arguments as a list (no shell), output bounded, always with a deadline.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace countersign {

struct CommandResult {
    int exit_code;       // 128 + signal when a signal ended it; 127 when it could not be started
    bool timed_out;      // it was killed at the deadline, or given up
    std::string output;  // stdout and stderr in order, at most the last 1 MiB
};

// Runs to the end. `on_line` (optional) sees each line as it comes. `input` is written to its stdin.
// `give_up` (optional) is asked some ten times a second: true ends it as the deadline does. `handed_on` are
// descriptors that it has too, under the same numbers.
[[nodiscard]] CommandResult run_command(const std::vector<std::string>& argv,
                                        std::chrono::milliseconds deadline, std::string_view input = {},
                                        const std::function<void(std::string_view)>& on_line = {},
                                        const std::function<bool()>& give_up = {},
                                        std::span<const int> handed_on = {});

// The full path of a program on PATH, or "" when there is none.
[[nodiscard]] std::string find_program(std::string_view name);

struct ChildOptions {
    std::span<const int> handed_on{};  // as in run_command()
    bool output_waits = true;  // false: a child that prints while nobody reads loses lines instead of time
};

// A program that runs beside us. The destructor asks it to stop (SIGTERM), waits, then kills it.
class ChildProcess {
  public:
    // stdout and stderr of the child both arrive at output(); the child dies when this process dies.
    explicit ChildProcess(const std::vector<std::string>& argv, const ChildOptions& options = {});
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;
    ~ChildProcess();

    [[nodiscard]] pid_t pid() const noexcept { return pid_; }
    [[nodiscard]] int output() const noexcept { return output_; }  // non-blocking descriptor

    // True once it has ended; exit_code() is then as in CommandResult.
    [[nodiscard]] bool ended();
    [[nodiscard]] int exit_code() const noexcept { return exit_code_; }

    void signal(int number);
    // SIGTERM, up to `grace`, then SIGKILL.
    void stop(std::chrono::milliseconds grace = std::chrono::seconds(3));

  private:
    pid_t pid_ = -1;
    int output_ = -1;
    int exit_code_ = -1;
    bool reaped_ = false;
};

}  // namespace countersign
