// Work done in a process of its own, and what it cost.
#pragma once

#include <sys/types.h>

#include <functional>

namespace countersign::bench {

struct Cost {
    double wall = 0, cpu = 0;  // seconds
};

// What the child calls around the part that counts.
class Stopwatch {
  public:
    void start();
    void stop();
    [[nodiscard]] const Cost& cost() const noexcept { return cost_; }

  private:
    Cost cost_;
};

// A forked child at work. Forked before there are threads.
class Child {
  public:
    // `ready` may be called by the work once, when others may begin.
    using Work = std::function<void(Stopwatch&, const std::function<void()>& ready)>;
    explicit Child(const Work& work);
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child();

    void wait_until_ready() const;
    // Stands still until go_on(): what comes for it meanwhile waits in sockets.
    void pause() const;
    void go_on() const;
    // Throws when the work has thrown, or has not ended in two minutes.
    [[nodiscard]] Cost finish();

  private:
    pid_t pid_ = -1;
    int from_ = -1;
};

}  // namespace countersign::bench
