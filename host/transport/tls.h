// Who we are, whom we trust, and the TLS session to take up again.
#pragma once

#include <openssl/ssl.h>

#include <asio/ssl/context.hpp>
#include <memory>
#include <string>

#include "host/transport/fault.h"
#include "host/transport/options.h"

namespace countersign::transport {

// Which files, of those named by `options`, there are now: another text when one of them has been replaced.
[[nodiscard]] std::string file_stamp(const Options& options);

// Of the connection's handshake so far.
[[nodiscard]] Verdict verdict_of(const SSL* ssl);

class TlsContext {
  public:
    // Throws Error{FileRead, CertInvalid, KeyTypeUnsupported}.
    TlsContext(const PublicPem& certificate, const PrivatePem& key, const PublicPem& anchors);
    TlsContext(const TlsContext&) = delete;
    TlsContext& operator=(const TlsContext&) = delete;

    [[nodiscard]] asio::ssl::context& context() noexcept { return context_; }

    // The broker must prove to be exactly this host, or to have one of its names; the session kept from the
    // last visit to it is offered. A resumed session skips the checks, so no other host is offered it.
    // `peer` outlives `ssl`. False: no certificate could name such a host.
    [[nodiscard]] bool prepare(SSL* ssl, const Address& peer) const;

    // After a connection that failed before it was let in: begin with a full handshake.
    void forget_session() noexcept { session_.reset(); }

    [[nodiscard]] OwnDates own_dates() const;

  private:
    struct FreeSession {
        void operator()(SSL_SESSION* session) const noexcept { SSL_SESSION_free(session); }
    };
    static int keep_session(SSL* ssl, SSL_SESSION* session);
    static int check_name(int sound, X509_STORE_CTX* store);

    asio::ssl::context context_;
    SSL_CTX* handle_;  // context_'s
    std::unique_ptr<SSL_SESSION, FreeSession> session_;
    Address session_of_;  // the peer it is from
};

}  // namespace countersign::transport
