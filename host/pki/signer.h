// The seam behind which a CA's private key lives: in this process, or in one of its own without a network.
#pragma once

#include "host/pki/key.h"

namespace countersign::pki {

class Signer {
  public:
    virtual ~Signer() = default;

    // The CA's public key: it fixes the signature algorithm (see signature.h).
    [[nodiscard]] virtual const PublicKey& public_key() const noexcept = 0;

    // Signs a complete DER TBSCertificate or TBSCertList and returns the content of the signature's BIT
    // STRING. All the data and not a digest, so that a signer can check for itself what it signs.
    [[nodiscard]] virtual Bytes sign(ByteView to_be_signed) = 0;

    // The same, with what proves that somebody has asked for it: for a signer that judges for itself.
    [[nodiscard]] virtual Bytes sign_with(ByteView to_be_signed, ByteView /*proof*/) {
        return sign(to_be_signed);
    }
};

// The key in this process, shared with `key`. Not for use from two threads at once.
class KeySigner final : public Signer {
  public:
    // Throws Error{KeyTypeUnsupported} for Ed25519, which boards cannot verify.
    explicit KeySigner(const PrivateKey& key);

    [[nodiscard]] const PublicKey& public_key() const noexcept override { return public_key_; }
    [[nodiscard]] Bytes sign(ByteView to_be_signed) override;

  private:
    struct FreeContext {
        void operator()(EVP_PKEY_CTX* context) const noexcept;
    };
    PublicKey public_key_;
    std::size_t largest_signature_;
    std::unique_ptr<EVP_PKEY_CTX, FreeContext> context_;
};

}  // namespace countersign::pki
