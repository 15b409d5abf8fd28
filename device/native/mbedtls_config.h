// What _countersign needs of mbedTLS on top of MicroPython's own configuration (MBEDTLS_USER_CONFIG_FILE).
// ESP-IDF has all of this on by default and configures its mbedTLS itself.
#pragma once

// Reduction modulo P-256's prime by additions: a third of the instructions.
#ifndef MBEDTLS_ECP_NIST_OPTIM
#define MBEDTLS_ECP_NIST_OPTIM
#endif
// Nonces of RFC 6979 in our own signatures and in TLS: a poor generator cannot give a key away.
#ifndef MBEDTLS_ECDSA_DETERMINISTIC
#define MBEDTLS_ECDSA_DETERMINISTIC
#endif
#ifndef MBEDTLS_HMAC_DRBG_C
#define MBEDTLS_HMAC_DRBG_C
#endif
// A resumed handshake is SHA-256 before all: a tenth fewer instructions for 3 kB of flash.
#undef MBEDTLS_SHA256_SMALLER
