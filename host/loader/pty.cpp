#include "host/loader/pty.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include <array>

#include "host/base/error.h"

namespace countersign::loader {

Pty::Pty() {
    fd_ = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    std::array<char, 128> name{};
    if (fd_ < 0 || ::grantpt(fd_) != 0 || ::unlockpt(fd_) != 0 ||
        ::ptsname_r(fd_, name.data(), name.size()) != 0) {
        if (fd_ >= 0) ::close(fd_);
        throw Error(Code::Internal, "no pseudo-terminal can be made.");
    }
    port_ = name.data();
    // Opened once, so that "nobody has it open" is a state poll() reports.
    const int other = ::open(port_.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC);
    termios settings{};
    if (other >= 0 && ::tcgetattr(other, &settings) == 0) {
        ::cfmakeraw(&settings);
        ::tcsetattr(other, TCSANOW, &settings);
    }
    if (other >= 0) ::close(other);
}

Pty::~Pty() {
    ::close(fd_);
}

bool Pty::in_use() const {
    pollfd state{fd_, 0, 0};
    return ::poll(&state, 1, 0) >= 0 && (state.revents & POLLHUP) == 0;
}

std::string Pty::read(std::size_t limit) {
    std::string bytes(limit, '\0');
    const ssize_t got = ::read(fd_, bytes.data(), bytes.size());
    bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return bytes;
}

std::size_t Pty::write(std::string_view bytes) {
    const ssize_t sent = ::write(fd_, bytes.data(), bytes.size());
    return sent > 0 ? static_cast<std::size_t>(sent) : 0;
}

}  // namespace countersign::loader
