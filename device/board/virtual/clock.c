// The board's real-time clock: an offset to the host's, below everything that asks for the date.
#include <sys/time.h>
#include <time.h>

#include "board.h"

#define US 1000000LL

static int64_t offset_us;
static int64_t frozen_ms = -1;  // the counter of milliseconds when a test turns it by hand, else -1

int __real_clock_gettime(clockid_t id, struct timespec *now);

static int64_t host_us(void) {
    struct timespec now;
    __real_clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * US + now.tv_nsec / 1000;
}

int64_t clock_offset_us(void) {
    return offset_us;
}

void clock_set_offset_us(int64_t offset) {
    offset_us = offset;
}

void clock_set(int64_t unix_seconds) {
    offset_us = unix_seconds * US - host_us();
}

int64_t clock_host_seconds(void) {
    return host_us() / US;
}

void clock_freeze(int64_t ms) {
    frozen_ms = ms;
}

time_t __wrap_time(time_t *out) {
    time_t now = (host_us() + offset_us) / US;
    if (out != NULL) {
        *out = now;
    }
    return now;
}

int __wrap_gettimeofday(struct timeval *now, void *zone) {
    (void)zone;
    int64_t us = host_us() + offset_us;
    now->tv_sec = us / US;
    now->tv_usec = us % US;
    return 0;
}

// Only the date is the board's; durations (CLOCK_MONOTONIC) stay the host's unless they are frozen.
int __wrap_clock_gettime(clockid_t id, struct timespec *now) {
    if (id == CLOCK_MONOTONIC && frozen_ms >= 0) {
        now->tv_sec = frozen_ms / 1000;
        now->tv_nsec = frozen_ms % 1000 * 1000000;
        return 0;
    }
    if (id != CLOCK_REALTIME) {
        return __real_clock_gettime(id, now);
    }
    int64_t us = host_us() + offset_us;
    now->tv_sec = us / US;
    now->tv_nsec = us % US * 1000;
    return 0;
}
