// mbedTLS as MicroPython's boards without an operating system have it, with what ESP-IDF turns on for every
// ESP32.
#pragma once
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {  // for the functions that the common part declares
#endif

#define MBEDTLS_ECP_NIST_OPTIM
#define MBEDTLS_ECDSA_DETERMINISTIC
#define MBEDTLS_HMAC_DRBG_C

time_t clock_unix(time_t* out);
#define MBEDTLS_PLATFORM_TIME_MACRO clock_unix
#define MBEDTLS_PLATFORM_MS_TIME_ALT mbedtls_ms_time
#define MBEDTLS_PLATFORM_GMTIME_R_ALT  // picolibc's faults here

#define MICROPY_MBEDTLS_CONFIG_BARE_METAL (1)
#include "extmod/mbedtls/mbedtls_config_common.h"

#ifdef __cplusplus
}
#endif
