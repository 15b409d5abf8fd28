#include "host/broker/plugin/report.h"

#include <fcntl.h>
#include <mosquitto.h>
#include <mosquitto_broker.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <utility>

#include "host/broker/report_channel.h"

namespace countersign::broker::plugin {
namespace {

bool is_socket(int fd) {
    struct stat info {};
    return fd > STDERR_FILENO && ::fstat(fd, &info) == 0 && S_ISSOCK(info.st_mode);
}

// Where Mosquitto logs when we started it. A file, or nothing, always has room.
bool log_has_room() {
    pollfd log{STDERR_FILENO, POLLOUT, 0};
    return ::poll(&log, 1, 0) != 0;
}

}  // namespace

Reports::Reports() {
    const char* number = std::getenv(kReportVariable);
    const int fd = number == nullptr ? -1 : std::atoi(number);
    if (is_socket(fd)) channel_ = fd;
}

void Reports::first_use(std::string_view username, std::string_view serial) {
    if (channel_ < 0) return;
    if (waiting_.size() == kKept) waiting_.pop_front();
    waiting_.push_back(std::string(username) + " " + std::string(serial));
    flush();
}

void Reports::flush() {
    while (!waiting_.empty()) {
        const auto& report = waiting_.front();
        const ssize_t sent = ::send(channel_, report.data(), report.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0 && errno != EAGAIN) channel_ = -1, waiting_.clear();  // nobody is there any more
        if (sent < 0) return;
        waiting_.pop_front();
    }
}

void Log::say(int level, const std::string& line) {
    if (!log_has_room()) {
        ++dropped_;
        return;
    }
    flush();
    mosquitto_log_printf(level, "%s", line.c_str());
}

void Log::flush() {
    if (dropped_ == 0 || !log_has_room()) return;
    mosquitto_log_printf(
        MOSQ_LOG_WARNING,
        "countersign: %zu lines dropped, and Mosquitto's own with them: nobody read this log",
        std::exchange(dropped_, 0));
}

}  // namespace countersign::broker::plugin
