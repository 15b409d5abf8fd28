// The RISC-V board's parts: QEMU's machine `virt` with four devices, each driven by one file.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline volatile uint32_t* reg(uintptr_t address) {
    return (volatile uint32_t*)address;
}

// cpu.c: the core, its interrupts, its timer.
void cpu_init(void);
// An interrupt has brought something: the next cpu_wait returns at once.
void cpu_event(void);
// Lets the platform's interrupt `number` through, to `handler`.
void cpu_connect(unsigned number, void (*handler)(void));
uint64_t cpu_microseconds(void);
// How long the core has run since the reset, its waiting left out, in nanoseconds of QEMU's. With -icount
// shift=N an instruction takes 2^N of them, always.
uint64_t cpu_busy_ns(void);
// What has been done since cpu_busy_ns() said `start` was waiting for a device.
void cpu_was_waiting(uint64_t start);
_Noreturn void cpu_reset(void);

// console.c: the UART.
void console_init(void);

// clock.c: the real-time clock, in seconds since 2000 as MicroPython counts them.
int64_t clock_seconds(void);
void clock_set(int64_t seconds);

// random.c: the generator.
void random_init(void);
void random_bytes(void* out, size_t size);

// memory.c: what lwIP takes; bytes that TLS has in use, and the most since it was last asked.
size_t tls_memory(void);
size_t tls_memory_peak(void);

// net.c: the network interface.
void net_init(void);
// A buffer of the Wi-Fi driver's for the device to receive into, and whether there is an access point.
void net_add_buffer(unsigned id, void* buffer);
void net_link(bool is_up);
// What the chip has as its own number.
const uint8_t* net_mac(void);

// flash.c: the storage, a block device for LittleFS.
void flash_init(void);
extern const struct _mp_obj_type_t flash_type;
