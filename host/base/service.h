// A program that is kept running: started, its lines passed on, started again after a pause when it ends.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/subprocess.h"

namespace countersign {

class Service {
  public:
    using Time = std::chrono::steady_clock::time_point;
    using LineSink = std::function<void(std::string_view)>;

    // The pause after an end: 1 s, doubled by each further end up to 60 s, 1 s again after 60 s without one.
    static constexpr std::chrono::seconds kFirstPause{1};
    static constexpr std::chrono::seconds kLastPause{60};

    // `sink` gets what the program prints, line by line; `handed_on` as in subprocess.h. Nothing is started
    // yet.
    Service(std::vector<std::string> argv, LineSink sink, std::vector<int> handed_on = {});

    // Starts the program when it is due, passes on what it has printed, notices its end. Never waits. True
    // when it has been started or has ended.
    bool turn(Time now);

    // SIGTERM, SIGKILL after `grace`; its last lines are passed on. It is not started again.
    void stop(std::chrono::milliseconds grace);

    [[nodiscard]] bool running() const noexcept { return child_ != nullptr; }
    // To wait for output with poll(2); -1 when it does not run.
    [[nodiscard]] int output() const noexcept { return child_ ? child_->output() : -1; }
    [[nodiscard]] int starts() const noexcept { return starts_; }
    // Of the last run that ended, as in CommandResult.
    [[nodiscard]] std::optional<int> exit_code() const noexcept { return exit_code_; }
    // When it will be started; meaningless while it runs.
    [[nodiscard]] Time due() const noexcept { return due_; }

  private:
    void start(Time now);
    void end(Time now);
    void pass_lines_on();

    std::vector<std::string> argv_;
    LineSink sink_;
    std::vector<int> handed_on_;
    std::unique_ptr<ChildProcess> child_;
    std::string rest_;  // an unfinished line
    std::optional<int> exit_code_;
    int starts_ = 0;
    bool stopped_ = false;
    Time due_{};
    Time started_{};
    std::chrono::seconds pause_{kFirstPause};
};

}  // namespace countersign
