#include "tls.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "mbedtls_build.h"

#include "mbedtls/net_sockets.h"
#include "unix_time.h"
#include "verified.h"

namespace countersign::native {
namespace {

bool is_address(std::string_view host) noexcept {
    return host.find(':') != host.npos || host.find_first_not_of("0123456789.") == host.npos;
}

}  // namespace

int Tls::begin(const Credentials& credentials, const Stream& stream, const char* host,
               std::span<const std::uint8_t> saved) noexcept {
    mbedtls_ssl_init(&ssl_);
    stream_ = stream;
    owner_ = credentials.owner();
    host_ = host;
    if (const int status = mbedtls_ssl_setup(&ssl_, &credentials.config()); status != 0) return status;
    mbedtls_ssl_set_verify(&ssl_, on_certificate, this);
    mbedtls_ssl_set_bio(&ssl_, this, on_send, on_receive, nullptr);
    if (!saved.empty()) resume(saved);
    return 0;
}

void Tls::end() noexcept {
    usable_ = false;
    mbedtls_ssl_free(&ssl_);
}

void Tls::resume(std::span<const std::uint8_t> saved) noexcept {
    mbedtls_ssl_session session;
    mbedtls_ssl_session_init(&session);
    if (mbedtls_ssl_session_load(&session, saved.data(), saved.size()) == 0) {
        mbedtls_ssl_set_session(&ssl_, &session);
    }
    mbedtls_ssl_session_free(&session);
}

int Tls::handshake() noexcept {
    const int status = result(shake_hands());
    // Our last flight, or the alert that says what we do not like.
    if (status != kWouldBlock && alert_ < 0) {
        const int flushed = flush();
        if (status == 0 && flushed != 0) return flushed;
    }
    usable_ = status == 0;
    return status;
}

int Tls::shake_hands() noexcept {
    const VerifiedScope scope(owner_);
    while (mbedtls_ssl_is_handshake_over(&ssl_) == 0) {
        if (const int status = name_server(); status != 0) return status;
        if (const int status = mbedtls_ssl_handshake_step(&ssl_); status != 0) return status;
        if (computes_next() && !objected()) (void)flush();  // what is not taken now goes with the rest
    }
    return 0;
}

// Whose certificate it must be. A ClientHello tells names, not addresses (RFC 6066, 3); mbedTLS would tell
// whatever it verifies, and so hears of an address when the ClientHello has been written.
int Tls::name_server() noexcept {
    if (host_ == nullptr) return 0;
    if (is_address(host_) && ssl_.MBEDTLS_PRIVATE(state) <= MBEDTLS_SSL_CLIENT_HELLO) return 0;
    const int status = mbedtls_ssl_set_hostname(&ssl_, host_);
    host_ = nullptr;
    return status;
}

// Our half of the key exchange, or a signature. mbedTLS has no call that tells.
bool Tls::computes_next() const noexcept {
    const int next = ssl_.MBEDTLS_PRIVATE(state);
    return next == MBEDTLS_SSL_CLIENT_KEY_EXCHANGE || next == MBEDTLS_SSL_CERTIFICATE_VERIFY;
}

// A server speaks before it has all of our flight only to object to it.
bool Tls::objected() const noexcept {
    return flight_size_ > 0 && stream_.readable();
}

int Tls::read(std::uint8_t* to, std::size_t size) noexcept {
    const int count = mbedtls_ssl_read(&ssl_, to, size);
    if (count == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY || count == MBEDTLS_ERR_SSL_CONN_EOF) return 0;
    return result(count);
}

int Tls::write(const std::uint8_t* from, std::size_t size) noexcept {
    return result(mbedtls_ssl_write(&ssl_, from, size));
}

void Tls::say_goodbye() noexcept {
    if (usable_) mbedtls_ssl_close_notify(&ssl_);
    usable_ = false;
}

std::size_t Tls::save(std::span<std::uint8_t> out) noexcept {
    std::size_t size = 0;
    mbedtls_ssl_session session;
    mbedtls_ssl_session_init(&session);
    if (mbedtls_ssl_get_session(&ssl_, &session) == 0 &&
        mbedtls_ssl_session_save(&session, out.data(), out.size(), &size) != 0) {
        size = 0;
    }
    mbedtls_ssl_session_free(&session);
    return size;
}

int Tls::result(int status) noexcept {
    if (status >= 0) return status;
    if (status == MBEDTLS_ERR_SSL_WANT_READ || status == MBEDTLS_ERR_SSL_WANT_WRITE) return kWouldBlock;
    // The level and the alert itself; mbedTLS has no call that tells it.
    if (status == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE) alert_ = ssl_.MBEDTLS_PRIVATE(in_msg)[1];
    usable_ = false;
    return status;
}

int Tls::stream_failed(int fault) noexcept {
    stream_fault_ = -fault;
    return MBEDTLS_ERR_NET_CONN_RESET;
}

int Tls::on_send(void* tls, const unsigned char* from, std::size_t size) noexcept {
    Tls& self = *static_cast<Tls*>(tls);
    if (self.usable_) {  // a whole record, not a part of a flight
        const int count = self.stream_.write(from, size);
        if (count == kWouldBlock) return MBEDTLS_ERR_SSL_WANT_WRITE;
        return count < 0 ? self.stream_failed(count) : count;
    }
    if (self.flight_size_ == self.flight_.size()) {
        const int status = self.flush();
        if (status == kWouldBlock) return MBEDTLS_ERR_SSL_WANT_WRITE;
        if (status != 0) return status;
    }
    const std::size_t count = std::min(size, self.flight_.size() - self.flight_size_);
    std::memcpy(self.flight_.data() + self.flight_size_, from, count);
    self.flight_size_ += count;
    return static_cast<int>(count);
}

int Tls::flush() noexcept {
    while (flight_size_ > 0) {
        const int count = stream_.write(flight_.data(), flight_size_);
        if (count == kWouldBlock) return count;
        if (count < 0) return stream_failed(count);
        flight_size_ -= static_cast<std::size_t>(count);
        std::memmove(flight_.data(), flight_.data() + count, flight_size_);
    }
    return 0;
}

int Tls::on_receive(void* tls, unsigned char* to, std::size_t size) noexcept {
    Tls& self = *static_cast<Tls*>(tls);
    // A server that has closed may have said why before: that is read although nothing can be written any
    // more.
    const int flushed = self.objected() ? kWouldBlock : self.flush();
    const int count = self.stream_.read(to, size);
    if (count >= 0) return count;
    if (flushed != 0 && flushed != kWouldBlock) return flushed;
    return count == kWouldBlock ? MBEDTLS_ERR_SSL_WANT_READ : self.stream_failed(count);
}

int Tls::on_certificate(void* tls, mbedtls_x509_crt* certificate, int, std::uint32_t*) noexcept {
    Tls& self = *static_cast<Tls*>(tls);
    self.shown_ = true;
    self.shown_until_ = std::min(self.shown_until_, unix_time(certificate->valid_to));
    return 0;
}

}  // namespace countersign::native
