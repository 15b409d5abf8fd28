#include "bench/authentication/impostor.h"

#include <fcntl.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <memory>
#include <utility>

#include "bench/support/support.h"
#include "host/base/files.h"
#include "host/base/subprocess.h"

namespace countersign::bench {
namespace {

constexpr std::string_view kConnack("\x20\x02\x00\x00", 4);
constexpr std::string_view kPuback("\x40\x02\x00\x01", 4);  // every client here publishes one message
constexpr timeval kPatience{5, 0};

struct FreeSsl {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using Ssl = std::unique_ptr<SSL, FreeSsl>;
using Context = std::unique_ptr<SSL_CTX, FreeSsl>;

// A connection, with TLS or without.
class Line {
  public:
    explicit Line(Socket socket) : socket_(std::move(socket)) {
        ::setsockopt(socket_.fd(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
    }
    // False when there is no agreement.
    bool secure(SSL_CTX* context, bool as_server) {
        ssl_.reset(SSL_new(context));
        SSL_set_fd(ssl_.get(), socket_.fd());
        return (as_server ? SSL_accept(ssl_.get()) : SSL_connect(ssl_.get())) == 1;
    }
    std::string read() {
        if (!ssl_) return socket_.read(std::chrono::seconds(kPatience.tv_sec));
        std::string bytes(16384, '\0');
        const int got = SSL_read(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
        bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
        return bytes;
    }
    void write(std::string_view bytes) {
        if (bytes.empty()) return;
        if (ssl_) {
            SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
        } else {
            (void)socket_.write(bytes);
        }
    }

  private:
    Socket socket_;
    Ssl ssl_;
};

int take_any(int, X509_STORE_CTX*) {
    return 1;
}

unsigned guess(SSL*, const char*, unsigned char* key, unsigned) {
    std::memset(key, 0, 16);
    return 16;
}

Context server_context(const std::filesystem::path& certificate, Method method) {
    Context context(SSL_CTX_new(TLS_server_method()));
    SSL_CTX_set_max_proto_version(context.get(), TLS1_2_VERSION);  // what the boards speak
    if (method == Method::psk) {
        SSL_CTX_set_psk_server_callback(context.get(), guess);
        return context;
    }
    SSL_CTX_use_certificate_file(context.get(), certificate.c_str(), SSL_FILETYPE_PEM);
    SSL_CTX_use_PrivateKey_file(context.get(), certificate.c_str(), SSL_FILETYPE_PEM);
    if (method == Method::mtls) SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, take_any);
    return context;
}

Context client_context() {
    Context context(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_max_proto_version(context.get(), TLS1_2_VERSION);
    return context;
}

}  // namespace

Impostor::Impostor(const std::filesystem::path& folder, Method method, std::uint16_t broker)
    : certificate_(folder / "impostor.pem"), method_(method), broker_(broker) {
    const auto made = run_command(
        {find_program("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-keyout", certificate_, "-out", folder / "impostor.crt.pem", "-days", "30", "-subj",
         "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1,DNS:127.0.0.1"},
        std::chrono::seconds(10));
    expect(made.exit_code == 0, "openssl req");
    const std::string all = read_text(certificate_) + read_text(folder / "impostor.crt.pem");
    write_file(certificate_, all, kPrivateFile);
    std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to sockets that the other side may have left
    expect(::pipe2(stop_.data(), O_CLOEXEC) == 0, "pipe");
    thread_ = std::thread([this] { run(); });
}

Impostor::~Impostor() {
    (void)finish();
    for (const int fd : stop_) ::close(fd);
}

const Overheard& Impostor::finish() {
    if (thread_.joinable()) {
        expect(::write(stop_[1], "", 1) == 1, "write");
        thread_.join();
    }
    return overheard_;
}

void Impostor::run() {
    for (;;) {
        Socket client = listener_.accept(stop_[0]);
        if (!client.open()) return;
        serve(std::move(client));
    }
}

// CONNECT, CONNACK, PUBLISH, PUBACK, DISCONNECT.
void Impostor::serve(Socket socket) {
    const bool with_tls = method_ != Method::clear;
    const Context as_server = server_context(certificate_, method_);
    const Context as_client = client_context();
    Line client(std::move(socket));
    if (with_tls && !client.secure(as_server.get(), true)) return;
    const std::string hello = client.read();
    overheard_.plain += hello;

    Line broker(Socket::connect(broker_));
    std::string answer;
    if (!hello.empty() && (!with_tls || broker.secure(as_client.get(), false))) {
        broker.write(hello);
        answer = broker.read();
    }
    const bool let_in = answer == kConnack;
    overheard_.let_in = overheard_.let_in || let_in;
    client.write(kConnack);

    const std::string message = client.read();
    overheard_.plain += message;
    if (let_in) broker.write(message);
    client.write(let_in ? broker.read() : std::string(kPuback));
    overheard_.plain += client.read();
}

}  // namespace countersign::bench
