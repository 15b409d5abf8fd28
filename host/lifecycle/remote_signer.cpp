#include "host/lifecycle/remote_signer.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "host/base/error.h"
#include "host/lifecycle/signer_wire.h"

namespace countersign::lifecycle {
namespace {

constexpr std::chrono::seconds kPatience{10};

class Connection {
  public:
    explicit Connection(const std::filesystem::path& socket)
        : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        signer_wire::set_timeouts(fd_, kPatience);
        const signer_wire::SocketAddress address(socket.string());
        sockaddr_un name{};
        name.sun_family = AF_UNIX;
        address.text().copy(name.sun_path, sizeof name.sun_path - 1);
        connected_ = ::connect(fd_, reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0;
    }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection() { ::close(fd_); }

    [[nodiscard]] std::optional<pki::Bytes> ask(pki::ByteView frame) const {
        if (!connected_ || !signer_wire::write_frame(fd_, frame)) return std::nullopt;
        return signer_wire::read_frame(fd_);
    }

  private:
    int fd_;
    bool connected_ = false;
};

}  // namespace

pki::Bytes RemoteSigner::sign(pki::ByteView to_be_signed) {
    return sign_with(to_be_signed, {});
}

pki::Bytes RemoteSigner::sign_with(pki::ByteView to_be_signed, pki::ByteView proof) {
    const Connection connection(socket_);
    const auto answer = connection.ask(signer_wire::question({to_be_signed, proof}));
    if (!answer) {
        throw Error(Code::SignerUnreachable, fmt::format("No signer answers at {}.", socket_.string()));
    }
    return signer_wire::read_answer(*answer);
}

}  // namespace countersign::lifecycle
