// The lines a child process prints, awaited one by one. They are read as they come, so the child never has to
// wait.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "host/base/subprocess.h"

namespace countersign::test {

class Lines {
  public:
    // Goes before the child does.
    explicit Lines(const ChildProcess& child);
    Lines(const Lines&) = delete;
    Lines& operator=(const Lines&) = delete;
    ~Lines();

    // Nothing: the program has closed its output, or `limit` has passed.
    [[nodiscard]] std::optional<std::string> next(std::chrono::milliseconds limit = std::chrono::seconds(20));
    // Reads on until a line contains `text`. False: none came.
    [[nodiscard]] bool wait_for(const std::string& text);

  private:
    void read(int output);

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::string> lines_;
    bool ended_ = false;
    int wake_[2];  // a pipe: written to end the reader
    std::thread reader_;
};

}  // namespace countersign::test
