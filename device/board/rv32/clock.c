// The real-time clock: the core's timer and an offset, which a deep sleep keeps and a loss of power does not.
#include <time.h>

#include "board.h"
#include "mbedtls/platform_util.h"
#include "py/mphal.h"
#include "shared/timeutils/timeutils.h"

#define SECONDS_1970_TO_2000 946684800

static int64_t offset_us;  // 0: 2000-01-01 at the reset, where an ESP32 begins to count

int64_t clock_seconds(void) {
    return (int64_t)(cpu_microseconds() + (uint64_t)offset_us) / 1000000;
}

void clock_set(int64_t seconds) {
    offset_us = seconds * 1000000 - (int64_t)cpu_microseconds();
}

uint64_t mp_hal_time_ns(void) {
    return (cpu_microseconds() + (uint64_t)offset_us) * 1000;
}

// What mbedTLS judges certificates by.
time_t clock_unix(time_t* out) {
    time_t now = clock_seconds() + SECONDS_1970_TO_2000;
    if (out != NULL) {
        *out = now;
    }
    return now;
}

mbedtls_ms_time_t mbedtls_ms_time(void) {
    return (mbedtls_ms_time_t)(cpu_microseconds() / 1000);
}

// mbedTLS asks for the present only.
struct tm* mbedtls_platform_gmtime_r(const mbedtls_time_t* seconds, struct tm* out) {
    timeutils_struct_time_t date;
    timeutils_seconds_since_2000_to_struct_time((mp_uint_t)(*seconds - SECONDS_1970_TO_2000), &date);
    *out = (struct tm){
        .tm_year = date.tm_year - 1900,
        .tm_mon = date.tm_mon - 1,
        .tm_mday = date.tm_mday,
        .tm_hour = date.tm_hour,
        .tm_min = date.tm_min,
        .tm_sec = date.tm_sec,
    };
    return out;
}
