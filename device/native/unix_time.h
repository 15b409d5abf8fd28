// Seconds since 1970 of a certificate's date (UTC, Gregorian).
#pragma once

#include <cstdint>

#include "mbedtls_build.h"

#include "mbedtls/x509.h"

namespace countersign::native {

[[nodiscard]] constexpr std::int64_t unix_time(const mbedtls_x509_time& date) noexcept {
    // Days since 1970, with years that begin in March, so that the odd day comes last.
    const std::int64_t year = date.mon > 2 ? date.year : date.year - 1;
    const std::int64_t month = date.mon > 2 ? date.mon - 3 : date.mon + 9;
    const std::int64_t days =
        year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + date.day - 1 - 719468;
    return ((days * 24 + date.hour) * 60 + date.min) * 60 + date.sec;
}

static_assert(unix_time({1970, 1, 1, 0, 0, 0}) == 0);
static_assert(unix_time({2000, 3, 1, 0, 0, 1}) == 951868801);

}  // namespace countersign::native
