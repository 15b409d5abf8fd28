// Who we are, whom we trust, and the TLS session to take up again.
#pragma once

#include <openssl/ssl.h>

#include <asio/ssl/context.hpp>
#include <memory>
#include <string>

#include "host/transport/fault.h"
#include "host/transport/options.h"

namespace countersign::transport {

class TlsContext {
  public:
    // Throws Error{FileRead, CertInvalid, KeyTypeUnsupported}.
    TlsContext(const PublicPem& certificate, const PrivatePem& key, const PublicPem& anchors);
    TlsContext(const TlsContext&) = delete;
    TlsContext& operator=(const TlsContext&) = delete;

    [[nodiscard]] asio::ssl::context& context() noexcept { return context_; }

    // The broker must prove to be exactly this host; the session kept from its last visit is offered to it.
    // One context serves one host: a resumed session skips the checks, so it must never reach another.
    // False: no certificate could name such a host.
    [[nodiscard]] bool prepare(SSL* ssl, const std::string& host) const;

    // After a connection that failed before it was let in: begin with a full handshake.
    void forget_session() noexcept { session_.reset(); }

    [[nodiscard]] OwnDates own_dates() const;

  private:
    struct FreeSession {
        void operator()(SSL_SESSION* session) const noexcept { SSL_SESSION_free(session); }
    };
    static int keep_session(SSL* ssl, SSL_SESSION* session);

    asio::ssl::context context_;
    SSL_CTX* handle_;  // context_'s
    std::unique_ptr<SSL_SESSION, FreeSession> session_;
};

}  // namespace countersign::transport
