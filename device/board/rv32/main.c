// What an ESP32's main task does: boot.py, main.py, REPL, and resets.
#include <stdio.h>
#include <stdlib.h>

#include "board.h"
#include "chip.h"
#include "py/cstack.h"
#include "py/gc.h"
#include "py/mphal.h"
#include "py/runtime.h"
#include "shared/readline/readline.h"
#include "shared/runtime/gchelper.h"
#include "shared/runtime/pyexec.h"

// Reset causes as in ESP32's machine module.
enum { PWRON_RESET = 1, HARD_RESET = 2, WDT_RESET = 3, DEEPSLEEP_RESET = 4, SOFT_RESET = 5 };

// The C stack of MicroPython's task on an ESP32; interrupts use the rest of what there is (rv32.ld).
#define TASK_STACK (16 * 1024)
#define RTC_MAGIC 0x52544331u

// Survives a reset of the core (rv32.ld).
extern struct {
    uint32_t magic;
    int cause;
    int64_t clock;
} kept;

// The chip's name, from the host (rv32.ld).
extern const char straps[8];

extern uint32_t __stack_start, __stack_end;
static int reset_cause;
static size_t heap_peak;

static void take_over_what_was_kept(void) {
    reset_cause = kept.magic == RTC_MAGIC ? kept.cause : PWRON_RESET;
    if (reset_cause == DEEPSLEEP_RESET) {
        clock_set(kept.clock);
    }
    kept.magic = 0;
}

static void run_boot_files_and_repl(void) {
    pyexec_frozen_module("_power_up.py", false);
    int ret = pyexec_file_if_exists("boot.py");
    if (!(ret & PYEXEC_FORCED_EXIT) && pyexec_mode_kind == PYEXEC_MODE_FRIENDLY_REPL && ret != 0) {
        ret = pyexec_file_if_exists("main.py");
    }
    while (!(ret & PYEXEC_FORCED_EXIT)) {
        ret = pyexec_mode_kind == PYEXEC_MODE_RAW_REPL ? pyexec_raw_repl() : pyexec_friendly_repl();
    }
}

int main(void) {
    chip_init(straps);
    cpu_init();
    console_init();
    random_init();
    net_init();
    flash_init();
    take_over_what_was_kept();
    char* heap = chip_alloc(chip()->python_heap, CHIP_DATA);
    for (;;) {
        mp_cstack_init_with_top(&__stack_end, TASK_STACK);
        gc_init(heap, heap + chip()->python_heap);
        mp_init();
        readline_init0();
        run_boot_files_and_repl();
        gc_sweep_all();  // closes sockets and files
        mp_deinit();
        mp_hal_stdout_tx_str("MPY: soft reboot\r\n");
        reset_cause = SOFT_RESET;
    }
}

void gc_collect(void) {
    gc_collect_start();
    gc_helper_collect_regs_and_stack();
    gc_collect_end();
    gc_info_t info;
    gc_info(&info);
    if (info.used > heap_peak) {
        heap_peak = info.used;
    }
}

// The most by which the heap may grow: all that is to be had in one piece, as on an ESP32.
size_t gc_get_max_new_split(void) {
    return chip_largest(CHIP_DATA);
}

void* python_heap_alloc(size_t size) {
    return chip_alloc(size, CHIP_DATA);
}

void python_heap_free(void* area) {
    chip_free(area);
}

_Noreturn void nlr_jump_fail(void* val) {
    (void)val;
    mp_hal_stdout_tx_str("uncaught exception\r\n");
    cpu_reset();
}

_Noreturn void exit(int status) {
    (void)status;
    cpu_reset();
}

// The pattern start.S has left where no call has come to yet.
static size_t stack_peak(void) {
    const uint32_t* at = &__stack_start;
    while (at < &__stack_end && *at == 0xA5A5A5A5) {
        at++;
    }
    return (size_t)((const char*)&__stack_end - (const char*)at);
}

// _board.reset(cause, sleep_ms)
static mp_obj_t board_reset(mp_obj_t cause, mp_obj_t sleep_ms) {
    kept.cause = (int)mp_obj_get_int(cause);
    mp_hal_delay_ms((mp_uint_t)mp_obj_get_int(sleep_ms));
    kept.clock = clock_seconds();
    kept.magic = RTC_MAGIC;
    cpu_reset();
}
static MP_DEFINE_CONST_FUN_OBJ_2(board_reset_obj, board_reset);

static mp_obj_t board_reset_cause(void) {
    return MP_OBJ_NEW_SMALL_INT(reset_cause);
}
static MP_DEFINE_CONST_FUN_OBJ_0(board_reset_cause_obj, board_reset_cause);

// _board.set_time(seconds as time.time() counts them)
static mp_obj_t board_set_time(mp_obj_t seconds) {
    clock_set((int64_t)(mp_uint_t)mp_obj_get_int_truncated(seconds));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(board_set_time_obj, board_set_time);

static mp_obj_t board_chip_id(void) {
    return mp_obj_new_bytes(net_mac(), 6);
}
static MP_DEFINE_CONST_FUN_OBJ_0(board_chip_id_obj, board_chip_id);

static mp_obj_t board_busy_ns(void) {
    return mp_obj_new_int_from_ull(cpu_busy_ns());
}
static MP_DEFINE_CONST_FUN_OBJ_0(board_busy_ns_obj, board_busy_ns);

// _board.native_heap(): bytes in use outside of MicroPython's own heap, mbedTLS's.
static mp_obj_t board_native_heap(void) {
    return mp_obj_new_int_from_uint(tls_memory());
}
static MP_DEFINE_CONST_FUN_OBJ_0(board_native_heap_obj, board_native_heap);

// _board.peaks(): the most bytes in use since it was last asked, of the heap (as collections found it), of
// TLS, and of the stack (since the reset).
static mp_obj_t board_peaks(void) {
    mp_obj_t peaks[] = {mp_obj_new_int_from_uint(heap_peak), mp_obj_new_int_from_uint(tls_memory_peak()),
                        mp_obj_new_int_from_uint(stack_peak())};
    heap_peak = 0;
    return mp_obj_new_tuple(3, peaks);
}
static MP_DEFINE_CONST_FUN_OBJ_0(board_peaks_obj, board_peaks);

static const mp_rom_map_elem_t board_globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR__board)},
    {MP_ROM_QSTR(MP_QSTR_Flash), MP_ROM_PTR(&flash_type)},
    {MP_ROM_QSTR(MP_QSTR_busy_ns), MP_ROM_PTR(&board_busy_ns_obj)},
    {MP_ROM_QSTR(MP_QSTR_chip_id), MP_ROM_PTR(&board_chip_id_obj)},
    {MP_ROM_QSTR(MP_QSTR_native_heap), MP_ROM_PTR(&board_native_heap_obj)},
    {MP_ROM_QSTR(MP_QSTR_peaks), MP_ROM_PTR(&board_peaks_obj)},
    {MP_ROM_QSTR(MP_QSTR_reset), MP_ROM_PTR(&board_reset_obj)},
    {MP_ROM_QSTR(MP_QSTR_reset_cause), MP_ROM_PTR(&board_reset_cause_obj)},
    {MP_ROM_QSTR(MP_QSTR_set_time), MP_ROM_PTR(&board_set_time_obj)},
};
static MP_DEFINE_CONST_DICT(board_globals, board_globals_table);

const mp_obj_module_t board_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t*)&board_globals,
};
MP_REGISTER_MODULE(MP_QSTR__board, board_module);
