// The issuing key in another process, behind the same seam as one in this.
#pragma once

#include <filesystem>

#include "host/pki/signer.h"

namespace countersign::lifecycle {

class RemoteSigner final : public pki::Signer {
  public:
    // `public_key` is that of the issuing CA: whatever the signer says is verified against it by the issuer.
    RemoteSigner(std::filesystem::path socket, pki::PublicKey public_key)
        : socket_(std::move(socket)), public_key_(std::move(public_key)) {}

    [[nodiscard]] const pki::PublicKey& public_key() const noexcept override { return public_key_; }
    // Throws Error{SignerUnreachable} when no signer answers within ten seconds, and what it refuses with.
    [[nodiscard]] pki::Bytes sign(pki::ByteView to_be_signed) override;
    // For a device: `proof` is its Request.
    [[nodiscard]] pki::Bytes sign_with(pki::ByteView to_be_signed, pki::ByteView proof) override;

  private:
    std::filesystem::path socket_;
    pki::PublicKey public_key_;
};

}  // namespace countersign::lifecycle
