// The virtual board's parts. Nothing of this is active until board_power_up: the same binary runs plain
// scripts.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// clock.c: the real-time clock. Everything that asks for the date (time.time, mbedTLS) gets the host's plus
// this offset.
int64_t clock_offset_us(void);
void clock_set_offset_us(int64_t offset_us);
void clock_set(int64_t unix_seconds);
int64_t clock_host_seconds(void);
// From now on the counter of milliseconds stands at `ms`: for tests that turn it by hand.
void clock_freeze(int64_t ms);

// console.c: the UART. Standard input and output are one stream socket to the host's end of the cable.
void console_start(void);
