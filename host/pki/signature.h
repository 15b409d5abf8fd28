// Which signature a CA's key makes, and checking one. For the sources of host/pki only.
#pragma once

#include "host/pki/key.h"
#include "host/pki/openssl.h"

namespace countersign::pki {

// ECDSA with SHA-256 (P-256) or SHA-384 (P-384), RSA PKCS#1 v1.5 with SHA-256.
struct SignatureScheme {
    ByteView algorithm;  // DER AlgorithmIdentifier
    const EVP_MD* digest;

    [[nodiscard]] Bytes hash(ByteView data) const;
    // Sets up padding and digest for signing or verifying digests.
    void configure(EVP_PKEY_CTX* context) const;
};

// Throws Error{KeyTypeUnsupported} for Ed25519, which boards cannot verify.
[[nodiscard]] const SignatureScheme& signature_scheme(KeyType ca_key);

// Checks many signatures by one key. Setting it up costs more than a check.
class SignatureVerifier {
  public:
    explicit SignatureVerifier(const PublicKey& key);

    [[nodiscard]] bool verify(ByteView data, ByteView signature);
    // A whole certificate, request or CRL: the algorithm it names must be the key's own, too.
    [[nodiscard]] bool verify_signed(ByteView whole);

  private:
    const SignatureScheme& scheme_;
    PkeyPtr pkey_;
    PkeyContextPtr context_;
};

}  // namespace countersign::pki
