// The client's half of TLS 1.2 over a stream that may block or not.
//
// The messages of a handshake leave together, before the next read or the next long computation, so that the
// server works on them while we do. Record by record they would lose 40 ms to Nagle's algorithm and delayed
// acknowledgements. Nothing more is written to a server that has objected: its alert would be lost to a
// reset.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "mbedtls_build.h"

#include "credentials.h"
#include "mbedtls/ssl.h"
#include "stream.h"

namespace countersign::native {

class Tls {
  public:
    static constexpr std::int64_t kNoEnd = INT64_MAX;

    // `saved` is what save() gave for an earlier connection, or empty; one that cannot be used is ignored. 0
    // or an mbedTLS error. `credentials` must outlive this, `host` the handshake. end() once for every
    // begin(), whatever it returned.
    int begin(const Credentials& credentials, const Stream& stream, const char* host,
              std::span<const std::uint8_t> saved) noexcept;
    void end() noexcept;

    // 0 when it is done, kWouldBlock, or an error. To be called again when there is something to read:
    // mbedTLS pays dearly for looking at half a record.
    int handshake() noexcept;
    // Bytes moved (0 when reading: the other side has ended it), kWouldBlock, or an error. A write that would
    // block has to be repeated with the same bytes.
    int read(std::uint8_t* to, std::size_t size) noexcept;
    int write(const std::uint8_t* from, std::size_t size) noexcept;
    // close_notify (RFC 5246 7.2.1), if there is somebody to tell it to.
    void say_goodbye() noexcept;

    [[nodiscard]] const Stream& stream() const noexcept { return stream_; }
    // After an error: the errno of the stream, or 0 when the error is mbedTLS's own.
    [[nodiscard]] int stream_fault() const noexcept { return stream_fault_; }
    // The alert the other side has sent (RFC 5246 7.2), or -1.
    [[nodiscard]] int alert() const noexcept { return alert_; }
    // What is wrong with its certificate: MBEDTLS_X509_BADCERT_… bits, 0 when nothing is or none was shown.
    [[nodiscard]] std::uint32_t verdict() const noexcept {
        return shown_ ? mbedtls_ssl_get_verify_result(&ssl_) : 0;
    }

    // After the handshake. Resumed: no certificate has been shown or checked.
    [[nodiscard]] bool resumed() const noexcept { return !shown_; }
    // Unix time at which the first of the certificates shown ends.
    [[nodiscard]] std::int64_t shown_until() const noexcept { return shown_until_; }
    // What a later connection may resume from: its size, written if it fits in `out`; 0: nothing. Once for a
    // connection. It holds the session's master secret.
    std::size_t save(std::span<std::uint8_t> out) noexcept;
    // A handshake that would block waits for room to write, not for something to read.
    [[nodiscard]] bool wants_write() const noexcept { return flight_size_ > 0; }
    // Received, decrypted and not yet read.
    [[nodiscard]] std::size_t buffered() const noexcept { return mbedtls_ssl_get_bytes_avail(&ssl_); }

  private:
    static int on_send(void* tls, const unsigned char* from, std::size_t size) noexcept;
    static int on_receive(void* tls, unsigned char* to, std::size_t size) noexcept;
    static int on_certificate(void* tls, mbedtls_x509_crt* certificate, int depth,
                              std::uint32_t* flags) noexcept;
    void resume(std::span<const std::uint8_t> saved) noexcept;
    int shake_hands() noexcept;
    int name_server() noexcept;
    [[nodiscard]] bool computes_next() const noexcept;
    [[nodiscard]] bool objected() const noexcept;
    int flush() noexcept;
    int stream_failed(int fault) noexcept;
    int result(int status) noexcept;

    mbedtls_ssl_context ssl_;
    Stream stream_;
    std::uint32_t owner_ = 0;     // the credentials'
    const char* host_ = nullptr;  // until mbedTLS knows it
    std::int64_t shown_until_ = kNoEnd;
    int stream_fault_ = 0;
    int alert_ = -1;
    bool shown_ = false;
    bool usable_ = false;  // there is a connection on which something can be said
    std::size_t flight_size_ = 0;
    std::array<std::uint8_t, 1024> flight_;  // a P-256 certificate is about 520 bytes
};

}  // namespace countersign::native
