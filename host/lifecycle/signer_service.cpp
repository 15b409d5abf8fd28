#include "host/lifecycle/signer_service.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "host/base/error.h"
#include "host/lifecycle/signer_wire.h"
#include "host/pki/lint.h"

namespace countersign::lifecycle {
namespace {

// One caller at a time is served: a silent one must not keep the others waiting for long.
constexpr std::chrono::seconds kPatience{2};
constexpr std::chrono::milliseconds kLockWait{200};  // whoever looks whether we run holds it for a moment

std::filesystem::path lock_beside(std::filesystem::path socket) {
    return socket.replace_extension(".lock");
}

int listen_at(const std::filesystem::path& path) {
    const signer_wire::SocketAddress address(path.string());
    ::unlink(path.c_str());  // we hold the lock: whoever listened there is dead
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    address.text().copy(name.sun_path, sizeof name.sun_path - 1);
    const mode_t before = ::umask(0177);  // 0600 from the first moment
    const bool bound = ::bind(fd, reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0;
    ::umask(before);
    if (bound && ::listen(fd, 16) == 0) return fd;
    const std::string why = std::strerror(errno);
    ::close(fd);
    throw Error(Code::FileWrite, fmt::format("{}: {}.", path.string(), why));
}

// The socket's mode says who may connect; this says it again, whatever became of the mode.
bool is_ours(int fd) {
    ucred peer{};
    socklen_t size = sizeof peer;
    return ::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
           (peer.uid == ::geteuid() || peer.uid == 0);
}

}  // namespace

pki::Bytes answer_frame(SigningDesk& desk, pki::ByteView frame,
                        const std::function<void(std::string_view)>& line) {
    try {
        const auto question = signer_wire::read_question(frame);
        if (!question) throw Error(Code::SignerRefused, "This is no question.");
        const auto signature = desk.sign(question->tbs, question->request);
        const auto info = pki::read_tbs(question->tbs);
        line(fmt::format("signed: {} {}, serial {}, to {}", to_string(*info.role), info.name, info.serial,
                         format_time(info.not_after)));
        return signer_wire::granted(signature);
    } catch (const Error& error) {
        line(error.what());
        return signer_wire::refused(error);
    }
}

SignerService::SignerService(const std::filesystem::path& socket, SigningDesk& desk,
                             std::function<void(std::string_view)> line)
    : lock_(lock_beside(socket), kLockWait),
      socket_(socket),
      desk_(desk),
      line_(std::move(line)),
      listening_(listen_at(socket)) {}

SignerService::~SignerService() {
    ::close(listening_);
    ::unlink(socket_.c_str());
}

void SignerService::turn(std::chrono::milliseconds wait) {
    pollfd waiting{listening_, POLLIN, 0};
    if (::poll(&waiting, 1, static_cast<int>(wait.count())) <= 0) return;
    const int caller = ::accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
    if (caller < 0) return;
    signer_wire::set_timeouts(caller, kPatience);
    if (is_ours(caller)) {
        if (const auto frame = signer_wire::read_frame(caller)) {
            (void)signer_wire::write_frame(caller, answer_frame(desk_, *frame, line_));
        }
    }
    ::close(caller);
}

}  // namespace countersign::lifecycle
