#include "host/transport/tls.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <strings.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "host/base/files.h"
#include "host/base/tls_policy.h"

namespace countersign::transport {
namespace {

template <auto Free>
struct Freer {
    template <typename T>
    void operator()(T* pointer) const noexcept {
        Free(pointer);
    }
};
using Bio = std::unique_ptr<BIO, Freer<BIO_free_all>>;
using Certificate = std::unique_ptr<X509, Freer<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;

constexpr std::size_t kMaxPem = std::size_t{1} << 20;

std::string name_of(const PublicPem& pem) {
    const auto* path = std::get_if<std::filesystem::path>(&pem);
    return path == nullptr ? std::string("the given PEM text") : path->string();
}

std::string text_of(const PublicPem& pem) {
    if (const auto* text = std::get_if<std::string>(&pem)) return *text;
    return read_text(std::get<std::filesystem::path>(pem), kMaxPem);
}

Bio bio_of(std::string_view text) {
    return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::vector<Certificate> read_certificates(const PublicPem& pem) {
    const std::string text = text_of(pem);
    const Bio bio = bio_of(text);
    std::vector<Certificate> certificates;
    while (X509* certificate = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
        certificates.emplace_back(certificate);
    }
    const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    if (certificates.empty() || !at_end) {
        throw Error(Code::CertInvalid, fmt::format("There is no sound PEM certificate in {}.", name_of(pem)));
    }
    return certificates;
}

// Without this OpenSSL would ask for a passphrase on the terminal.
int no_passphrase(char*, int, int, void*) {
    return -1;
}

Key parse_key(std::string_view text, const std::string& name) {
    const Bio bio = bio_of(text);
    Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
    ERR_clear_error();
    if (!key)
        throw Error(Code::KeyTypeUnsupported, fmt::format("There is no unencrypted PEM key in {}.", name),
                    "openssl pkey -in FILE -out FILE, which asks for its passphrase; or "
                    "countersign issue NAME --replace --format pem --out FOLDER");
    return key;
}

Key read_key(const PrivatePem& pem) {
    if (const auto* secret = std::get_if<Secret>(&pem))
        return parse_key(secret->text(), "the given PEM text");
    const auto& path = std::get<std::filesystem::path>(pem);
    return parse_key(read_secret(path, kMaxPem).text(), path.string());
}

int context_index() {
    static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
    return index;
}

// What a connection's Address is kept under.
int address_index() {
    static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
    return index;
}

// What the depth of the first fault of a chain is kept under, as a pointer.
int depth_index() {
    static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
    return index;
}

const Address* address_of(const SSL* ssl) {
    return static_cast<const Address*>(SSL_get_ex_data(ssl, address_index()));
}

bool is_ip(const std::string& host) {
    std::array<unsigned char, sizeof(in6_addr)> address{};
    return inet_pton(AF_INET, host.c_str(), address.data()) == 1 ||
           inet_pton(AF_INET6, host.c_str(), address.data()) == 1;
}

// Its subject does not count, nor does a wildcard for a part of a label.
bool names(X509* certificate, const std::string& host) {
    constexpr unsigned kRules = X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS;
    if (is_ip(host)) return X509_check_ip_asc(certificate, host.c_str(), 0) == 1;
    return X509_check_host(certificate, host.data(), host.size(), kRules, nullptr) == 1;
}

bool names(X509* certificate, const Address& peer) {
    if (peer.names.empty()) return names(certificate, peer.host);
    return std::ranges::any_of(peer.names, [&](const auto& host) { return names(certificate, host); });
}

template <typename Pem>
std::string stamp_of(const Pem& pem) {
    const auto* path = std::get_if<std::filesystem::path>(&pem);
    struct stat status {};
    if (path == nullptr || ::stat(path->c_str(), &status) != 0) return ";";
    return fmt::format("{} {} {}.{:09};", status.st_ino, status.st_size, status.st_mtim.tv_sec,
                       status.st_mtim.tv_nsec);
}

}  // namespace

std::string file_stamp(const Options& options) {
    return stamp_of(options.certificate) + stamp_of(options.key) + stamp_of(options.anchors);
}

Verdict verdict_of(const SSL* ssl) {
    const auto depth = reinterpret_cast<std::intptr_t>(SSL_get_ex_data(ssl, depth_index()));
    return {SSL_get_verify_result(ssl), static_cast<int>(depth)};
}

TlsContext::TlsContext(const PublicPem& certificate, const PrivatePem& key, const PublicPem& anchors)
    : context_(asio::ssl::context::tls_client), handle_(context_.native_handle()) {
    SSL_CTX* ctx = handle_;
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    if (SSL_CTX_set_cipher_list(ctx, tls::kCiphers) != 1 ||
        SSL_CTX_set_ciphersuites(ctx, tls::kCiphersuites) != 1) {
        ERR_clear_error();
        throw Error(Code::Internal, "OpenSSL knows none of the ciphers that a broker is reached with.");
    }
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, &TlsContext::check_name);

    auto chain = read_certificates(certificate);
    const Key own_key = read_key(key);
    if (SSL_CTX_use_certificate(ctx, chain.front().get()) != 1 ||
        SSL_CTX_use_PrivateKey(ctx, own_key.get()) != 1) {
        ERR_clear_error();
        throw Error(
            Code::CertInvalid,
            fmt::format("The certificate in {} and the key do not belong together.", name_of(certificate)));
    }
    for (std::size_t i = 1; i < chain.size(); ++i) SSL_CTX_add1_chain_cert(ctx, chain[i].get());

    X509_STORE* store = SSL_CTX_get_cert_store(ctx);
    for (const auto& anchor : read_certificates(anchors)) X509_STORE_add_cert(store, anchor.get());
    X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);  // an issuing CA may be an anchor of its own

    SSL_CTX_set_ex_data(ctx, context_index(), this);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(ctx, &TlsContext::keep_session);
}

// Called for each certificate of a chain that was found sound, and for each fault; the leaf comes last.
int TlsContext::check_name(int sound, X509_STORE_CTX* store) {
    const int depth = X509_STORE_CTX_get_error_depth(store);
    auto* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
    if (sound != 1) SSL_set_ex_data(ssl, depth_index(), reinterpret_cast<void*>(std::intptr_t{depth}));
    if (sound != 1 || depth != 0) return sound;
    const Address* peer = address_of(ssl);
    if (peer != nullptr && names(X509_STORE_CTX_get_current_cert(store), *peer)) return 1;
    X509_STORE_CTX_set_error(store, X509_V_ERR_HOSTNAME_MISMATCH);
    return 0;
}

// The last ticket is the one to use: TLS 1.3 tickets are best used once (RFC 8446, C.4).
int TlsContext::keep_session(SSL* ssl, SSL_SESSION* session) {
    auto* self = static_cast<TlsContext*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), context_index()));
    self->session_.reset(session);
    self->session_of_ = *address_of(ssl);
    return 1;  // the reference is ours now
}

bool TlsContext::prepare(SSL* ssl, const Address& peer) const {
    // OpenSSL only reads it, through address_of().
    if (SSL_set_ex_data(ssl, address_index(), const_cast<Address*>(&peer)) != 1) return false;
    // SNI: names only (RFC 6066)
    const bool named = peer.names.empty() && !is_ip(peer.host);
    if (named && SSL_set_tlsext_host_name(ssl, peer.host.c_str()) != 1) return false;
    if (session_ && session_of_ == peer && SSL_SESSION_is_resumable(session_.get()) == 1) {
        SSL_set_session(ssl, session_.get());
    }
    return true;
}

OwnDates TlsContext::own_dates() const {
    return dates_of(*SSL_CTX_get0_certificate(handle_));
}

}  // namespace countersign::transport
