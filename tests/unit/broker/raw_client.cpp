#include "tests/unit/broker/raw_client.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>
#include <utility>

namespace countersign::broker {
namespace {

std::string field(std::string_view text) {
    std::string bytes{static_cast<char>(text.size() >> 8), static_cast<char>(text.size() & 0xFF)};
    return bytes.append(text);
}

int dial(std::uint16_t port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    const int yes = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    const timeval patience{10, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        ::close(fd);
        throw std::runtime_error("nothing listens");
    }
    return fd;
}

}  // namespace

RawClient::RawClient(std::uint16_t port, const std::filesystem::path& ca, const Identity* identity)
    : RawClient(port, ca, identity, Options()) {}

RawClient::RawClient(std::uint16_t port, const std::filesystem::path& ca, const Identity* identity,
                     const Options& options)
    : fd_(dial(port)), clean_(options.clean), context_(SSL_CTX_new(TLS_client_method())) {
    std::signal(SIGPIPE, SIG_IGN);
    SSL_CTX_set_max_proto_version(context_.get(), options.tls_version);
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    SSL_CTX_load_verify_locations(context_.get(), ca.c_str(), nullptr);
    if (identity != nullptr) {
        SSL_CTX_use_certificate_file(context_.get(), identity->certificate.c_str(), SSL_FILETYPE_PEM);
        SSL_CTX_use_PrivateKey_file(context_.get(), identity->key.c_str(), SSL_FILETYPE_PEM);
    }
    SSL_CTX_set_session_cache_mode(context_.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    ssl_.reset(SSL_new(context_.get()));
    if (options.resume != nullptr) SSL_set_session(ssl_.get(), options.resume);
    SSL_set_fd(ssl_.get(), fd_);
    SSL_connect(ssl_.get());  // a refusal shows in connect(): in TLS 1.3 it comes only then anyway
}

RawClient::~RawClient() {
    // An unclean end would make OpenSSL forget the session a test wants to resume.
    SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    ::close(fd_);
}

TlsSession RawClient::session() const {
    return TlsSession(SSL_get1_session(ssl_.get()));
}

bool RawClient::send(std::uint8_t type, const std::string& body) {
    std::string packet{static_cast<char>(type)};
    std::size_t length = body.size();
    do {  // remaining length, seven bits a byte
        packet += static_cast<char>((length & 0x7F) | (length > 0x7F ? 0x80 : 0));
        length >>= 7;
    } while (length != 0);
    packet += body;
    return SSL_write(ssl_.get(), packet.data(), static_cast<int>(packet.size())) ==
           static_cast<int>(packet.size());
}

RawClient::Packet RawClient::receive() {
    auto read = [this](std::size_t count) {
        std::string bytes(count, '\0');
        for (std::size_t got = 0; got < count;) {
            const int n = SSL_read(ssl_.get(), bytes.data() + got, static_cast<int>(count - got));
            if (n <= 0) return std::string();
            got += static_cast<std::size_t>(n);
        }
        return bytes;
    };
    const std::string type = read(1);
    std::size_t length = 0;
    for (int shift = 0; !type.empty() && shift < 28; shift += 7) {
        const std::string byte = read(1);
        if (byte.empty()) return {};
        length |= (static_cast<std::size_t>(byte[0]) & 0x7F) << shift;
        if ((byte[0] & 0x80) == 0) break;
    }
    if (type.empty()) return {};
    return {static_cast<std::uint8_t>(type[0]), length == 0 ? std::string() : read(length)};
}

bool RawClient::send_connect(std::string_view client_id) {
    std::string body = field("MQTT");
    body += '\x04';                    // protocol level: 3.1.1
    body += clean_ ? '\x02' : '\0';    // connect flags
    body += std::string("\0\x3c", 2);  // keep alive 60 s
    body += field(client_id);
    return send(0x10, body);
}

void RawClient::connect_and_vanish(std::string_view client_id) {
    send_connect(client_id);
    const linger at_once{1, 0};  // close() sends RST
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

std::optional<int> RawClient::connect(std::string_view client_id) {
    if (!send_connect(client_id)) return std::nullopt;
    const Packet connack = receive();
    if (connack.type != 0x20 || connack.body.size() != 2) return std::nullopt;
    return connack.body[1];
}

RawClient::Packet RawClient::answer(std::uint8_t type) {
    for (;;) {
        Packet packet = receive();
        if (packet.type == 0 || packet.type == type) return packet;
        if ((packet.type & 0xF0) == 0x30) take_message(packet);
    }
}

void RawClient::take_message(const Packet& publish) {
    const auto topic = static_cast<unsigned char>(publish.body[1]);  // topics in these tests are short
    const std::size_t id = (publish.type & 0x06) != 0 ? 2 : 0;       // QoS above 0 has a packet id
    if (id != 0) send(0x40, publish.body.substr(2 + topic, id));
    inbox_ += publish.body.substr(2, topic) + "=" + publish.body.substr(2 + topic + id) + " ";
}

bool RawClient::ping() {
    return send(0xC0, "") && answer(0xD0).type != 0;
}

bool RawClient::subscribe(std::string_view topic) {
    if (!send(0x82, std::string("\0\x01", 2) + field(topic) + '\x01')) return false;
    return answer(0x90).body == std::string("\0\x01\x01", 3);
}

bool RawClient::publish(std::string_view topic, std::string_view payload) {
    return publish_as(0x32, topic, payload);
}

bool RawClient::publish_retained(std::string_view topic, std::string_view payload) {
    return publish_as(0x33, topic, payload);
}

bool RawClient::publish_as(std::uint8_t type, std::string_view topic, std::string_view payload) {
    return send(type, field(topic) + std::string("\0\x07", 2) + std::string(payload)) &&
           answer(0x40).type != 0;
}

std::string RawClient::messages() {
    (void)ping();
    return std::exchange(inbox_, {});
}

void RawClient::leave() {
    send(0xE0, "");
}

}  // namespace countersign::broker
