// The TLS that broker and clients of ours speak: from 1.2 on, keys that are exchanged anew for each
// connection (ECDHE), ciphers that encrypt and authenticate at once (AEAD). RFC 9325, 4.2.
#pragma once

namespace countersign::tls {

// For TLS 1.2, in OpenSSL's names. Boards have mbedTLS, which knows all of the ECDSA ones; RSA is the
// authority's key where it was asked for.
inline constexpr const char* kCiphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:"
    "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-CHACHA20-POLY1305";

// For TLS 1.3, where the key exchange is always ephemeral.
inline constexpr const char* kCiphersuites =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";

}  // namespace countersign::tls
