// Keys: made, stored as PKCS#8 (RFC 5958), read back. The one canonical form for every kind, because mbedTLS
// (mbedtls_pk_parse_key, which MicroPython's load_cert_chain calls), OpenSSL and GnuTLS all read it.
#pragma once

#include <openssl/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/base/secret.h"

namespace countersign::pki {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

enum class KeyType : std::uint8_t { p256, p384, rsa2048, rsa3072, rsa4096, ed25519 };

// "p256", "rsa4096"…, as on the command line, in CSV files and in the registry.
[[nodiscard]] std::string_view to_string(KeyType type) noexcept;
[[nodiscard]] std::optional<KeyType> parse_key_type(std::string_view text) noexcept;

// A public key that was checked to be one of the kinds above, as the DER of a SubjectPublicKeyInfo. EC points
// are uncompressed: mbedTLS before 3.5 reads no others.
struct PublicKey {
    KeyType type = KeyType::p256;
    Bytes spki;

    bool operator==(const PublicKey&) const = default;
};

struct FreePkey {
    void operator()(EVP_PKEY* key) const noexcept;
};
using PkeyPtr = std::unique_ptr<EVP_PKEY, FreePkey>;

class PrivateKey {
  public:
    [[nodiscard]] static PrivateKey generate(KeyType type);

    // PKCS#8 PEM, encrypted or not. Throws Error: PassphraseNeeded (encrypted, none given), PassphraseWrong,
    // AuthorityBroken (no key in it), KeyTypeUnsupported (a kind that is not ours).
    [[nodiscard]] static PrivateKey from_pem(std::string_view pem, const Secret& passphrase = {});
    // PKCS#8 DER, not encrypted.
    [[nodiscard]] static PrivateKey from_der(ByteView der);

    [[nodiscard]] KeyType type() const noexcept { return public_.type; }
    [[nodiscard]] const PublicKey& public_key() const noexcept { return public_; }

    [[nodiscard]] Secret to_der() const;  // PKCS#8
    [[nodiscard]] Secret to_pem() const;  // "BEGIN PRIVATE KEY"
    // "BEGIN ENCRYPTED PRIVATE KEY": PBES2, PBKDF2-HMAC-SHA-256 with 600,000 rounds, AES-256-CBC. Takes about
    // a quarter of a second, on purpose. An empty passphrase is refused (PassphraseNeeded).
    [[nodiscard]] std::string to_encrypted_pem(const Secret& passphrase) const;

    [[nodiscard]] EVP_PKEY* handle() const noexcept { return pkey_.get(); }

  private:
    friend class KeyGenerator;
    PrivateKey(PkeyPtr pkey, PublicKey public_key) : pkey_(std::move(pkey)), public_(std::move(public_key)) {}
    [[nodiscard]] static PrivateKey adopt(PkeyPtr pkey);

    PkeyPtr pkey_;
    PublicKey public_;
};

// Makes many keys of one kind. Setting up the context costs as much as a P-256 key itself.
class KeyGenerator {
  public:
    explicit KeyGenerator(KeyType type);
    [[nodiscard]] PrivateKey next();
    [[nodiscard]] KeyType type() const noexcept { return type_; }

  private:
    struct FreeContext {
        void operator()(EVP_PKEY_CTX* context) const noexcept;
    };
    KeyType type_;
    std::unique_ptr<EVP_PKEY_CTX, FreeContext> context_;
};

// Checks a DER SubjectPublicKeyInfo from outside: one of our kinds, named curve, a point on it, RSA of
// exactly 2048, 3072 or 4096 bits with an odd exponent above 2^16. Throws Error{KeyTypeUnsupported} saying
// which rule failed.
[[nodiscard]] PublicKey parse_public_key(ByteView spki);

}  // namespace countersign::pki
