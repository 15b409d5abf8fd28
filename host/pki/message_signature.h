// The signatures of lifecycle messages (docs/protocol.md, "Encoding"): ECDSA with P-256 and SHA-256, r and s
// side by side, over a prefix that no other protocol's signed bytes begin with.
#pragma once

#include "core/identity/message.h"
#include "host/pki/key.h"
#include "host/pki/signer.h"

namespace countersign::pki {

[[nodiscard]] Fingerprint sha256_of(ByteView bytes);

// `signed_part` is the message up to its signature. False for a key that is not P-256.
[[nodiscard]] bool verify_message(const PublicKey& key, ByteView signed_part,
                                  const message::Signature& signature);

// Throws Error{KeyTypeUnsupported} for a key that is not P-256.
[[nodiscard]] message::Signature sign_message(const PrivateKey& key, ByteView signed_part);
[[nodiscard]] message::Signature sign_message(Signer& signer, ByteView signed_part);

}  // namespace countersign::pki
