// What an ESP32's main task does: boot.py, main.py, REPL, and resets. A reset is an exec of this same binary: same process,
// same cable, fresh memory.
#define _GNU_SOURCE  // close_range
#include "board.h"

#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "py/gc.h"
#include "py/mphal.h"
#include "py/runtime.h"
#include "shared/readline/readline.h"

// The unix port has no raw REPL of its own; this is the one of the boards.
#include "shared/runtime/pyexec.c"

#define RTC_AFTER_POWER_ON 946684800  // 2000-01-01, where ESP32 begins to count

// Reset causes as in ESP32's machine module.
enum { PWRON_RESET = 1, HARD_RESET = 2, WDT_RESET = 3, DEEPSLEEP_RESET = 4, SOFT_RESET = 5 };

static char heap_size[] = "heapsize=512k";  // objects are twice as large as on a chip with 256 KB
static const char *flash;                   // the folder that is the board's flash

static void block_console_signal(void) {
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, SIGIO);
    sigprocmask(SIG_BLOCK, &only, NULL);
}

// Never returns. The clock survives everything but a hard reset; the REPL's mode survives a soft reset.
static _Noreturn void restart(int cause) {
    char cause_text[16], clock_text[32], mode_text[16];
    bool keeps_clock = cause == SOFT_RESET || cause == DEEPSLEEP_RESET;
    snprintf(cause_text, sizeof cause_text, "%d", cause);
    snprintf(clock_text, sizeof clock_text, "%" PRId64, keeps_clock ? clock_offset_us() : INT64_MIN);
    snprintf(mode_text, sizeof mode_text, "%d", cause == SOFT_RESET ? (int)pyexec_mode_kind : 0);
    char *arguments[] = {"micropython", "-X",       heap_size,  "-m",      "_virtual_board",
                         (char *)flash, cause_text, clock_text, mode_text, NULL};
    block_console_signal();
    execv("/proc/self/exe", arguments);
    _exit(127);
}

// _board.run(flash, cause, clock_offset_us, raw_repl): boot.py, main.py, REPL, for ever.
static mp_obj_t board_run(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    flash = strdup(mp_obj_str_get_str(args[0]));
    int64_t offset_us = strtoll(mp_obj_str_get_str(args[1]), NULL, 10);
    pyexec_mode_kind = mp_obj_get_int(args[2]) ? PYEXEC_MODE_RAW_REPL : PYEXEC_MODE_FRIENDLY_REPL;
    setenv("TZ", "UTC0", 1);
    if (offset_us == INT64_MIN) {
        clock_set(RTC_AFTER_POWER_ON);
    } else {
        clock_set_offset_us(offset_us);
    }
    block_console_signal();
    console_start();
    readline_init0();
    mp_globals_set(&MP_STATE_VM(dict_main));
    mp_locals_set(&MP_STATE_VM(dict_main));

    int ret = pyexec_file_if_exists("boot.py");
    if (!(ret & PYEXEC_FORCED_EXIT) && pyexec_mode_kind == PYEXEC_MODE_FRIENDLY_REPL && ret != 0) {
        ret = pyexec_file_if_exists("main.py");
    }
    while (!(ret & PYEXEC_FORCED_EXIT)) {
        ret = pyexec_mode_kind == PYEXEC_MODE_RAW_REPL ? pyexec_raw_repl() : pyexec_friendly_repl();
    }
    gc_sweep_all();  // closes sockets and files
    close_range(3, ~0U, 0);
    mp_hal_stdout_tx_str("MPY: soft reboot\r\n");
    restart(SOFT_RESET);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(board_run_obj, 3, 3, board_run);

// _board.reset(cause, sleep_ms)
static mp_obj_t board_reset(mp_obj_t cause, mp_obj_t sleep_ms) {
    int64_t ms = mp_obj_get_int(sleep_ms);
    block_console_signal();
    close_range(3, ~0U, 0);  // a chip in reset or asleep has no connections
    struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&left, NULL);
    restart((int)mp_obj_get_int(cause));
}
static MP_DEFINE_CONST_FUN_OBJ_2(board_reset_obj, board_reset);

static mp_obj_t board_set_time(mp_obj_t unix_seconds) {
    clock_set((int64_t)mp_obj_get_int(unix_seconds));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(board_set_time_obj, board_set_time);

static mp_obj_t board_host_time(void) {
    return mp_obj_new_int((mp_int_t)clock_host_seconds());
}
static MP_DEFINE_CONST_FUN_OBJ_0(board_host_time_obj, board_host_time);

// _board.freeze_ticks(ms): time.ticks_ms(), and with it asyncio, stands at `ms` from now on.
static mp_obj_t board_freeze_ticks(mp_obj_t ms) {
    clock_freeze((int64_t)mp_obj_get_int(ms));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(board_freeze_ticks_obj, board_freeze_ticks);

// _board.native_heap(): bytes in use outside of MicroPython's own heap, mbedTLS's above all.
static mp_obj_t board_native_heap(void) {
    return mp_obj_new_int_from_uint(mallinfo2().uordblks);
}
static MP_DEFINE_CONST_FUN_OBJ_0(board_native_heap_obj, board_native_heap);

static const mp_rom_map_elem_t board_globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR__board)},
    {MP_ROM_QSTR(MP_QSTR_run), MP_ROM_PTR(&board_run_obj)},
    {MP_ROM_QSTR(MP_QSTR_reset), MP_ROM_PTR(&board_reset_obj)},
    {MP_ROM_QSTR(MP_QSTR_set_time), MP_ROM_PTR(&board_set_time_obj)},
    {MP_ROM_QSTR(MP_QSTR_freeze_ticks), MP_ROM_PTR(&board_freeze_ticks_obj)},
    {MP_ROM_QSTR(MP_QSTR_native_heap), MP_ROM_PTR(&board_native_heap_obj)},
    {MP_ROM_QSTR(MP_QSTR_host_time), MP_ROM_PTR(&board_host_time_obj)},
};
static MP_DEFINE_CONST_DICT(board_globals, board_globals_table);

const mp_obj_module_t board_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&board_globals,
};
MP_REGISTER_MODULE(MP_QSTR__board, board_module);
