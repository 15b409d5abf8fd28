#include "host/transport/probe.h"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <utility>

#include "core/mqtt/encode.h"

namespace countersign::transport {
namespace {

constexpr std::size_t kMaxConnect = 512;  // a client id is at most 64 + "operator~" + what follows
constexpr std::uint8_t kConnack = 0x20;

struct FreeSsl {
    void operator()(SSL* ssl) const noexcept { SSL_free(ssl); }
};

class Socket {
  public:
    // -1 when nothing answers. Every wait on it ends after `patience`; the addresses of a name share it while
    // they are dialled.
    Socket(const std::string& host, std::uint16_t port, std::chrono::milliseconds patience) {
        addrinfo hints{};
        hints.ai_socktype = SOCK_STREAM;
        hints.ai_flags = AI_NUMERICSERV;
        addrinfo* found = nullptr;
        if (::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) return;
        int count = 0;
        for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) ++count;
        for (const addrinfo* entry = found; entry != nullptr && fd_ < 0; entry = entry->ai_next) {
            dial(*entry, patience / count);
        }
        ::freeaddrinfo(found);
        if (fd_ >= 0) be_patient(patience);
    }
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    ~Socket() { hang_up(); }
    [[nodiscard]] int fd() const noexcept { return fd_; }

  private:
    void dial(const addrinfo& address, std::chrono::milliseconds patience) {
        fd_ = ::socket(address.ai_family, address.ai_socktype | SOCK_CLOEXEC, address.ai_protocol);
        be_patient(patience);
        const int yes = 1;
        ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        if (::connect(fd_, address.ai_addr, address.ai_addrlen) != 0) hang_up();
    }
    void be_patient(std::chrono::milliseconds patience) const {
        const timeval limit{patience.count() / 1000, patience.count() % 1000 * 1000};
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);  // also of connect()
    }
    void hang_up() {
        if (fd_ >= 0) ::close(fd_);
        fd_ = -1;
    }
    int fd_ = -1;
};

}  // namespace

bool listens(const std::string& host, std::uint16_t port, std::chrono::milliseconds patience) {
    return Socket(host, port, patience).fd() >= 0;
}

Probe::Probe(Options options)
    : options_(std::move(options)), tls_(options_.certificate, options_.key, options_.anchors) {}

Probed Probe::connect() {
    const Address& peer = options_.brokers.front();
    const Socket socket(peer.host, peer.port, options_.connect_timeout);
    if (socket.fd() < 0) return {};
    const std::unique_ptr<SSL, FreeSsl> ssl(SSL_new(tls_.context().native_handle()));
    Probed probed;
    if (!ssl || !tls_.prepare(ssl.get(), peer)) return probed;
    SSL_set_fd(ssl.get(), socket.fd());
    const bool shook_hands = SSL_connect(ssl.get()) == 1;
    probed.resumed = SSL_session_reused(ssl.get()) == 1;

    mqtt::ConnectOptions connect;
    connect.client_id = options_.client_id;
    connect.clean_session = false;
    std::array<std::uint8_t, kMaxConnect> packet{};
    const std::size_t size = mqtt::encode_connect(connect, packet);
    std::array<std::uint8_t, 4> connack{};
    if (shook_hands && size <= packet.size() &&
        SSL_write(ssl.get(), packet.data(), static_cast<int>(size)) == static_cast<int>(size) &&
        SSL_read(ssl.get(), connack.data(), connack.size()) == static_cast<int>(connack.size()) &&
        connack[0] == kConnack) {
        probed.answer = connack[3] == 0 ? Answer::admitted : Answer::refused;
        // Else OpenSSL would think the session broken and not resume it.
        SSL_set_shutdown(ssl.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    } else if (SSL_get_error(ssl.get(), -1) == SSL_ERROR_SSL &&
               SSL_get_verify_result(ssl.get()) == X509_V_OK) {
        probed.answer = Answer::refused;  // an alert
    }
    ERR_clear_error();
    return probed;
}

}  // namespace countersign::transport
