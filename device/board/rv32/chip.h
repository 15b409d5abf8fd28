// The memory of the chip that this board stands for: ESP-IDF's heap, in regions, from which everything comes
// that is not static. What is measured and what is assumed: docs/riscv-board.md.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "region.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { CHIP_REGIONS = 6 };

// ESP-IDF's MALLOC_CAP_*: what memory can do.
enum { CHIP_EXEC = 1, CHIP_DATA = 4, CHIP_DMA = 8 };

// What the Wi-Fi driver needs, in bytes, block by block; a 0 ends a list.
typedef struct {
    const uint16_t* init;     // esp_wifi_init: for good
    const uint16_t* start;    // esp_wifi_start
    const uint16_t* connect;  // association and DHCP
} chip_wifi_t;

typedef struct {
    const char* name;
    size_t python_heap;  // MicroPython's first area
    struct {
        uint32_t total, free;  // free: when MicroPython starts, its first area included
        unsigned can;
    } regions[CHIP_REGIONS];
    chip_wifi_t wifi;
} chip_t;

// The chip of this name, of at most 8 characters; the first one there is if no chip has it.
void chip_init(const char* name);
const chip_t* chip(void);
// From the first region with room that can all of this.
void* chip_alloc(size_t size, unsigned can);
void chip_free(void* block);
// The largest block that chip_alloc would give.
size_t chip_largest(unsigned can);
// Region `i` if it can all of this, else NULL.
const region_t* chip_region(unsigned i, unsigned can);

#ifdef __cplusplus
}
#endif
