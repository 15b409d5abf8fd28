// What the plugin has to say to its supervisor and to the log, which may both be slow, stopped or gone: it
// never waits for either, since every client would wait with it.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>

namespace countersign::broker::plugin {

// Who came in with a pending certificate (../report_channel.h). What the supervisor does not take now is kept
// for a later flush().
class Reports {
  public:
    static constexpr std::size_t kKept = 100'000;  // more: the oldest are forgotten, until they come again
    // By the environment; without a supervisor of ours nothing is reported.
    Reports();
    void first_use(std::string_view username, std::string_view serial);
    void flush();

  private:
    int channel_ = -1;
    std::deque<std::string> waiting_;
};

// A line, or a count of those that found no room in the pipe that Mosquitto logs to.
class Log {
  public:
    void say(int level, const std::string& line);
    void flush();  // says how many were dropped, once there is room again

  private:
    std::size_t dropped_ = 0;
};

}  // namespace countersign::broker::plugin
