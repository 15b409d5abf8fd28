#include <stdio.h>

#include "board.h"
#include "py/mphal.h"
#include "py/runtime.h"

#define CLINT_COMPARE 0x02004000u
#define CLINT_TIME 0x0200bff8u
#define PLIC_PRIORITY(n) (0x0c000000u + 4 * (n))
#define PLIC_ENABLE 0x0c002000u
#define PLIC_THRESHOLD 0x0c200000u
#define PLIC_CLAIM 0x0c200004u
#define TEST_DEVICE 0x00100000u
#define TEST_RESET 0x7777

#define TICKS_PER_US 10
#define TICK_MS 20  // how late the network's timers may be
#define INTERRUPTS 16

#define STATUS_MIE 8u
#define CAUSE_TIMER 0x80000007u
#define CAUSE_EXTERNAL 0x8000000bu
#define ENABLE_TIMER (1u << 7)
#define ENABLE_EXTERNAL (1u << 11)

#define csr_read(name)                                             \
    ({                                                             \
        uint32_t value;                                            \
        __asm volatile("csrr %0, " #name : "=r"(value)::"memory"); \
        value;                                                     \
    })
#define csr_write(name, value) __asm volatile("csrw " #name ", %0" ::"r"(value) : "memory")
#define csr_set(name, value) __asm volatile("csrs " #name ", %0" ::"r"(value) : "memory")

static void (*handlers[INTERRUPTS])(void);
static volatile bool event;
static uint64_t waited;  // of counter(), while the core slept

unsigned long interrupts_disable(void) {
    unsigned long state;
    __asm volatile("csrrci %0, mstatus, 8" : "=r"(state)::"memory");
    return state & STATUS_MIE;
}

void interrupts_restore(unsigned long state) {
    csr_set(mstatus, state);
}

static uint64_t ticks(void) {
    uint32_t high, low;
    do {
        high = *reg(CLINT_TIME + 4);
        low = *reg(CLINT_TIME);
    } while (high != *reg(CLINT_TIME + 4));
    return (uint64_t)high << 32 | low;
}

static void set_timer(uint64_t at) {
    *reg(CLINT_COMPARE + 4) = UINT32_MAX;  // nothing fires between the halves
    *reg(CLINT_COMPARE) = (uint32_t)at;
    *reg(CLINT_COMPARE + 4) = (uint32_t)(at >> 32);
}

static _Noreturn void panic(uint32_t cause) {
    printf("\r\nGuru Meditation: cause %lu at 0x%08lx, value 0x%08lx\r\n", (unsigned long)cause,
           (unsigned long)csr_read(mepc), (unsigned long)csr_read(mtval));
    cpu_reset();
}

__attribute__((interrupt("machine"), aligned(4))) static void trap(void) {
    uint32_t cause = csr_read(mcause);
    if (cause == CAUSE_TIMER) {
        set_timer(UINT64_MAX);
        event = true;
    } else if (cause == CAUSE_EXTERNAL) {
        unsigned number = *reg(PLIC_CLAIM);
        if (number < INTERRUPTS && handlers[number] != NULL) {
            handlers[number]();
        }
        *reg(PLIC_CLAIM) = number;
    } else {
        panic(cause);
    }
}

void cpu_init(void) {
    csr_write(mtvec, trap);
    *reg(PLIC_THRESHOLD) = 0;
    csr_write(mie, ENABLE_TIMER | ENABLE_EXTERNAL);
    interrupts_restore(STATUS_MIE);
}

void cpu_connect(unsigned number, void (*handler)(void)) {
    handlers[number] = handler;
    *reg(PLIC_PRIORITY(number)) = 1;
    *reg(PLIC_ENABLE) |= 1u << number;
}

void cpu_event(void) {
    event = true;
}

// Cycles: what QEMU says of instructions differs between its versions.
static uint64_t counter(void) {
    uint32_t high, low;
    do {
        high = csr_read(mcycleh);
        low = csr_read(mcycle);
    } while (high != csr_read(mcycleh));
    return (uint64_t)high << 32 | low;
}

uint64_t cpu_busy_ns(void) {
    return counter() - waited;
}

void cpu_was_waiting(uint64_t start) {
    waited += cpu_busy_ns() - start;
}

uint64_t cpu_microseconds(void) {
    return ticks() / TICKS_PER_US;
}

// Until an interrupt has brought something, or for `timeout_ms` (-1: no bound), or for one tick.
void cpu_wait(long timeout_ms) {
    if (timeout_ms == 0) {
        return;
    }
    unsigned long state = interrupts_disable();
    if (!event) {
        long ms = timeout_ms < 0 || timeout_ms > TICK_MS ? TICK_MS : timeout_ms;
        set_timer(ticks() + (uint64_t)ms * 1000 * TICKS_PER_US);
        uint64_t before = counter();
        __asm volatile("wfi");  // returns for an interrupt that is pending, enabled or not
        waited += counter() - before;
    }
    event = false;
    interrupts_restore(state);
}

void cpu_reset(void) {
    interrupts_disable();
    *reg(TEST_DEVICE) = TEST_RESET;
    for (;;) {
        __asm volatile("wfi");
    }
}

void mp_hal_delay_ms(mp_uint_t ms) {
    uint64_t end = cpu_microseconds() + (uint64_t)ms * 1000;
    mp_event_handle_nowait();
    for (uint64_t now; (now = cpu_microseconds()) < end;) {
        uint64_t left = (end - now + 999) / 1000;
        mp_event_wait_ms(left < TICK_MS ? (mp_uint_t)left : TICK_MS);
    }
}

void mp_hal_delay_us(mp_uint_t us) {
    uint64_t end = cpu_microseconds() + us;
    while (cpu_microseconds() < end) {
    }
}

mp_uint_t mp_hal_ticks_ms(void) {
    return (mp_uint_t)(cpu_microseconds() / 1000);
}

mp_uint_t mp_hal_ticks_us(void) {
    return (mp_uint_t)cpu_microseconds();
}

mp_uint_t mp_hal_ticks_cpu(void) {
    return csr_read(mcycle);
}
