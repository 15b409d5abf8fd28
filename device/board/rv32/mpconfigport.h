// Features of the RISC-V board: those of an ESP32-C3's stock firmware.
#pragma once
#include <alloca.h>
#include <stddef.h>
#include <stdint.h>

#define MICROPY_CONFIG_ROM_LEVEL (MICROPY_CONFIG_ROM_LEVEL_EXTRA_FEATURES)
#define MICROPY_HW_BOARD_NAME "Countersign RISC-V board"
#define MICROPY_HW_MCU_NAME "RV32IMC in QEMU"
#define MICROPY_BANNER_MACHINE MICROPY_HW_BOARD_NAME " with " MICROPY_HW_MCU_NAME
#define MICROPY_PY_SYS_PLATFORM "qemu"

#define MICROPY_ENABLE_GC (1)
// One area at first, and more as they are needed, as ports/esp32 has it.
#define MICROPY_GC_SPLIT_HEAP (1)
#define MICROPY_GC_SPLIT_HEAP_AUTO (1)
#define MP_PLAT_ALLOC_HEAP(size) python_heap_alloc(size)
#define MP_PLAT_FREE_HEAP(area) python_heap_free(area)
void* python_heap_alloc(size_t size);
void python_heap_free(void* area);
#define MICROPY_ENABLE_EMERGENCY_EXCEPTION_BUF (1)
#define MICROPY_STACK_CHECK_MARGIN (1024)
#define MICROPY_LONGINT_IMPL (MICROPY_LONGINT_IMPL_MPZ)
#define MICROPY_FLOAT_IMPL (MICROPY_FLOAT_IMPL_FLOAT)
#define MICROPY_PERSISTENT_CODE_LOAD (1)
#define MICROPY_EMIT_RV32 (1)
#define MICROPY_SCHEDULER_STATIC_NODES (1)
#define MP_NEED_LOG2 (1)

#define MICROPY_READER_VFS (1)
#define MICROPY_VFS (1)

// `machine` and `network` are doubles of ESP32's, in Python.
#define MICROPY_PY_MACHINE (0)
#define MICROPY_PY_NETWORK (0)
#define MICROPY_PY_SOCKET_EVENTS (0)

#define MICROPY_PY_HASHLIB_MD5 (1)
#define MICROPY_PY_HASHLIB_SHA1 (1)
#define MICROPY_PY_CRYPTOLIB (1)
#define MICROPY_PY_OS_INCLUDEFILE "random_os.c"
#define MICROPY_PY_OS_SYNC (1)
#define MICROPY_PY_OS_UNAME (1)
#define MICROPY_PY_OS_URANDOM (1)
#define MICROPY_PY_TIME_GMTIME_LOCALTIME_MKTIME (1)
#define MICROPY_PY_TIME_TIME_TIME_NS (1)
#define MICROPY_PY_TIME_INCLUDEFILE "clock_time.c"

typedef int32_t mp_int_t;  // the size of a pointer
typedef uint32_t mp_uint_t;
typedef long mp_off_t;
#define MP_SSIZE_MAX (0x7fffffff)
#define UINT_FMT "%lu"
#define INT_FMT "%ld"
#define MP_STATE_PORT MP_STATE_VM

// Interrupts may schedule Python work (console.c, net.c).
#define MICROPY_BEGIN_ATOMIC_SECTION() interrupts_disable()
#define MICROPY_END_ATOMIC_SECTION(state) interrupts_restore(state)
unsigned long interrupts_disable(void);
void interrupts_restore(unsigned long state);

// What a program does while it waits.
#define MICROPY_INTERNAL_EVENT_HOOK net_poll()
#define MICROPY_INTERNAL_WFE(timeout_ms) cpu_wait(timeout_ms)
void net_poll(void);
void cpu_wait(long timeout_ms);
