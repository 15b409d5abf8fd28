// PKCS#10 requests (RFC 2986) from people and boards: foreign bytes, read within bounds.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "host/pki/key.h"

namespace countersign::pki {

// An RSA-4096 request with generous extensions is under 3 KiB as PEM.
inline constexpr std::size_t kMaxCsrSize = std::size_t{8} * 1024;

struct Csr {
    std::string name;  // the subject's only CN, a valid device name
    PublicKey public_key;
};

// PEM, in UTF-8 or UTF-16, or DER. A private key beside the request is passed over. The self-signature is
// verified, so whoever sent it holds the key. Extensions asked for are ignored: the profile alone decides
// what a certificate says. Throws Error: CsrInvalid, KeyTypeUnsupported (weak or unknown keys), NameInvalid.
// `name_if_none` counts when the subject has no CN.
[[nodiscard]] Csr parse_csr(ByteView bytes, std::string_view name_if_none = {});

}  // namespace countersign::pki
