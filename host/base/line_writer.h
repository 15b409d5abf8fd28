// Lines for somebody who may not read them (a pager, a stopped terminal, a slow journal): whoever writes
// never waits for whoever reads.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string_view>

namespace countersign {

class LineWriter {
  public:
    static constexpr std::size_t kRoom = std::size_t{1} << 20;  // bytes that wait for their reader

    // The descriptor stays the caller's, and as it is: to make it non-blocking would make it so for everybody
    // who shares it.
    explicit LineWriter(int fd, std::size_t room = kRoom);
    LineWriter(const LineWriter&) = delete;
    LineWriter& operator=(const LineWriter&) = delete;
    ~LineWriter();  // close(), with a moment's patience

    // A line that finds no room is dropped; how many were is said once there is room again.
    void write(std::string_view line);

    // No more lines. False: what waited was not taken within `patience`, and is given up.
    bool close(std::chrono::milliseconds patience);

  private:
    struct Shared;
    std::shared_ptr<Shared> shared_;  // with the thread that writes, which may be stuck when we go
};

}  // namespace countersign
