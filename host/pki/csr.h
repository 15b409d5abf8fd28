// PKCS#10 requests (RFC 2986) from people and boards: foreign bytes, read within bounds.
#pragma once

#include <cstddef>
#include <string>

#include "host/pki/key.h"

namespace countersign::pki {

// An RSA-4096 request with generous extensions is under 3 KiB as PEM.
inline constexpr std::size_t kMaxCsrSize = std::size_t{8} * 1024;

struct Csr {
    std::string name;  // the subject's only CN, a valid device name
    PublicKey public_key;
};

// PEM or DER. The self-signature is verified, so whoever sent it holds the key. Extensions asked for are
// ignored: the profile alone decides what a certificate says. Throws Error: CsrInvalid, KeyTypeUnsupported
// (weak or unknown keys), NameInvalid.
[[nodiscard]] Csr parse_csr(ByteView bytes);

}  // namespace countersign::pki
