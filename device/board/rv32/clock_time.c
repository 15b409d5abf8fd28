// Included by MicroPython's extmod/modtime.c.
#include "board.h"
#include "shared/timeutils/timeutils.h"

static mp_obj_t time_localtime(size_t n_args, const mp_obj_t* args);

static mp_obj_t mp_time_localtime_get(void) {
    mp_obj_t now = mp_obj_new_int_from_ll(clock_seconds());
    return time_localtime(1, &now);
}

static mp_obj_t mp_time_time_get(void) {
    return mp_obj_new_int_from_ll(clock_seconds());
}
