#include "credentials.h"

#include "mbedtls_build.h"

#include "mbedtls/error.h"
#include "verified.h"

namespace countersign::native {
namespace {

// RFC 9325, 4.2: forward secrecy and AEAD, nothing else. Each suite offered is two bytes of every
// ClientHello.
constexpr int kSuites[] = {MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
                           MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
                           MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
                           MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
                           MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
                           MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
                           0};

}  // namespace

int Credentials::begin() noexcept {
    owner_ = VerifiedScope::new_owner();
    mbedtls_ssl_config_init(&config_);
    mbedtls_x509_crt_init(&anchors_);
    mbedtls_x509_crt_init(&own_);
    mbedtls_pk_init(&key_);
    if (const int status = random_.begin(); status != 0) return status;
    const int status = mbedtls_ssl_config_defaults(&config_, MBEDTLS_SSL_IS_CLIENT,
                                                   MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT);
    if (status != 0) return status;
    // TLS 1.2 is what a saved session of ours can be resumed with; 1.3 would also need mbedTLS's PSA half.
    mbedtls_ssl_conf_min_tls_version(&config_, MBEDTLS_SSL_VERSION_TLS1_2);
    mbedtls_ssl_conf_max_tls_version(&config_, MBEDTLS_SSL_VERSION_TLS1_2);
    mbedtls_ssl_conf_ciphersuites(&config_, kSuites);
#if defined(MBEDTLS_SSL_SESSION_TICKETS)
    // Sessions are resumed by their id: OpenSSL would wrap our certificate in a ticket, 700 bytes to receive,
    // to keep, and to send with every reconnect.
    mbedtls_ssl_conf_session_tickets(&config_, MBEDTLS_SSL_SESSION_TICKETS_DISABLED);
#endif
    mbedtls_ssl_conf_authmode(&config_, MBEDTLS_SSL_VERIFY_REQUIRED);
    mbedtls_ssl_conf_rng(&config_, Random::fill, &random_);
    mbedtls_ssl_conf_ca_chain(&config_, &anchors_, nullptr);
    return 0;
}

int Credentials::set_own(std::span<const std::uint8_t> certificate,
                         std::span<const std::uint8_t> key) noexcept {
    int status = mbedtls_x509_crt_parse_der(&own_, certificate.data(), certificate.size());
    if (status != 0) return status;
    status = mbedtls_pk_parse_key(&key_, key.data(), key.size(), nullptr, 0, Random::fill, &random_);
    if (status != 0) return status;
    status = mbedtls_pk_check_pair(&own_.pk, &key_, Random::fill, &random_);
    if (status != 0) return status;
    return mbedtls_ssl_conf_own_cert(&config_, &own_, &key_);
}

int Credentials::add_anchor(std::span<const std::uint8_t> certificate) noexcept {
    return mbedtls_x509_crt_parse_der(&anchors_, certificate.data(), certificate.size());
}

void Credentials::end() noexcept {
    mbedtls_ssl_config_free(&config_);
    mbedtls_x509_crt_free(&own_);
    mbedtls_x509_crt_free(&anchors_);
    mbedtls_pk_free(&key_);
    random_.end();
}

}  // namespace countersign::native
