// mbedTLS as MicroPython's boards without an operating system have it, with what ESP-IDF turns on for every
// ESP32.
#pragma once
#include <stddef.h>
#include <stdio.h>
#include <time.h>

#define MBEDTLS_ECP_NIST_OPTIM
#define MBEDTLS_ECDSA_DETERMINISTIC
#define MBEDTLS_HMAC_DRBG_C
#define MBEDTLS_SSL_KEEP_PEER_CERTIFICATE  // part of what a connection holds

#ifdef __cplusplus
extern "C" {
#endif
time_t clock_unix(time_t* out);
void* tls_calloc(size_t count, size_t size);
void tls_free(void* memory);
#ifdef __cplusplus
}
#endif
#define MBEDTLS_PLATFORM_TIME_MACRO clock_unix
#define MBEDTLS_PLATFORM_MS_TIME_ALT mbedtls_ms_time
#define MBEDTLS_PLATFORM_GMTIME_R_ALT  // picolibc's faults here
#define MBEDTLS_PLATFORM_NO_STD_FUNCTIONS
#define MBEDTLS_PLATFORM_SNPRINTF_MACRO snprintf
#define MBEDTLS_PLATFORM_MEMORY
#define MBEDTLS_PLATFORM_STD_CALLOC tls_calloc
#define MBEDTLS_PLATFORM_STD_FREE tls_free
#define MBEDTLS_ENTROPY_HARDWARE_ALT
#define MBEDTLS_NO_PLATFORM_ENTROPY

#include "extmod/mbedtls/mbedtls_config_common.h"
