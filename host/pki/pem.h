// PEM (RFC 7468): base64 between two lines of dashes.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/secret.h"
#include "host/pki/key.h"

namespace countersign::pki {

[[nodiscard]] std::string pem_encode(std::string_view label, ByteView der);
// The same for a private key: no copy of it is left behind.
[[nodiscard]] Secret pem_encode_secret(std::string_view label, ByteView der);

struct PemBlock {
    std::string label;  // "CERTIFICATE", "PRIVATE KEY"…
    Secret der;
};

// The first block of the text, whatever stands before it. Nothing when there is none, when it is damaged, or
// when it has headers (the encryption of old OpenSSL, RFC 1421).
[[nodiscard]] std::optional<PemBlock> pem_decode(std::string_view text);

// All blocks of the text; those of the old encryption with an empty der.
[[nodiscard]] std::vector<PemBlock> pem_blocks(std::string_view text);

}  // namespace countersign::pki
