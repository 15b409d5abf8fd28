#include "chip.h"

#include <string.h>

#define LARGEST (320 * 1024)  // bytes of all regions of a chip
#define NAME 8

// What the driver asks for beside its receive buffers. The sums are measured on the chips; the pieces are
// assumed, of sizes that ESP-IDF's sources and logs name: the driver's task, the two interfaces, queues and
// semaphores, tables.
static const uint16_t c3_init[] = {288, 272, 288, 272, 92,   92,   64,   64,  6656, 352, 1284, 164, 524,
                                   88,  88,  88,  88,  2392, 2216, 1024, 744, 512,  376, 300,  0};
static const uint16_t esp32_init[] = {288, 272, 288, 272, 92,   92,  64,   64,  6656, 352, 1284, 164, 524,
                                      88,  88,  88,  88,  2392, 744, 1024, 256, 512,  376, 300,  0};
// Buffers for management frames, the radio's calibration, timers and events.
static const uint16_t c3_start[] = {1904, 360, 360, 360, 360, 360, 1696, 1696, 152, 152, 96,
                                    96,   64,  64,  48,  48,  48,  48,   40,   40,  40,  40,
                                    24,   24,  24,  24,  16,  16,  16,   16,   0};
static const uint16_t esp32_start[] = {1904, 120, 120, 120, 120, 120, 1696, 1696, 152, 152, 96,
                                       96,   64,  64,  48,  48,  48,  48,   40,   40,  40,  40,
                                       24,   24,  24,  24,  16,  16,  16,   16,   0};
// The access point and its keys, DHCP.
static const uint16_t connect[] = {744, 312, 300, 152, 136, 96, 64, 48, 48, 40, 24, 24, 0};

static const chip_t chips[] = {
    {.name = "esp32-c3",
     .python_heap = 64 * 1024,
     .regions = {{139264, 93048, CHIP_DATA | CHIP_DMA | CHIP_EXEC},
                 {116496, 115624, CHIP_DATA | CHIP_DMA | CHIP_EXEC},
                 {10576, 10160, CHIP_DATA | CHIP_DMA | CHIP_EXEC},
                 {6072, 5692, CHIP_DATA}},  // RTC memory
     .wifi = {c3_init, c3_start, connect}},
    {.name = "esp32",
     .python_heap = 56 * 1024,
     .regions = {{240, 4, CHIP_DATA | CHIP_DMA},
                 {7288, 244, CHIP_DATA | CHIP_DMA},
                 {16648, 3344, CHIP_DATA | CHIP_DMA},
                 {87144, 64132, CHIP_DATA | CHIP_DMA},
                 {15072, 14656, CHIP_DATA | CHIP_DMA | CHIP_EXEC},
                 {113840, 112968, CHIP_DATA | CHIP_DMA | CHIP_EXEC}},
     .wifi = {esp32_init, esp32_start, connect}},
};

static const chip_t* chosen;
static region_t regions[CHIP_REGIONS];
static uint32_t memory[LARGEST / sizeof(uint32_t)];

// What ESP-IDF and MicroPython's port have taken when Python starts: tasks, drivers, the file system.
static void take_down_to(region_t* region, uint32_t free) {
    while (region->free > free + sizeof(uint32_t)) {
        size_t size = region_whole(region, region->free - free - sizeof(uint32_t));
        if (region_alloc(region, size) == NULL) {
            return;
        }
    }
}

void chip_init(const char* name) {
    chosen = &chips[0];
    for (size_t i = 0; i < sizeof chips / sizeof chips[0]; i++) {
        if (strncmp(name, chips[i].name, NAME) == 0) {
            chosen = &chips[i];
        }
    }
    uint32_t* at = memory;
    memset(regions, 0, sizeof regions);
    for (unsigned i = 0; i < CHIP_REGIONS && chosen->regions[i].total != 0; i++) {
        region_init(&regions[i], at, chosen->regions[i].total);
        at += chosen->regions[i].total / sizeof *at;
        take_down_to(&regions[i], chosen->regions[i].free);
    }
}

const chip_t* chip(void) {
    return chosen;
}

const region_t* chip_region(unsigned i, unsigned can) {
    bool fits = i < CHIP_REGIONS && regions[i].total != 0 && (chosen->regions[i].can & can) == can;
    return fits ? &regions[i] : NULL;
}

void* chip_alloc(size_t size, unsigned can) {
    void* block = NULL;
    for (unsigned i = 0; i < CHIP_REGIONS && block == NULL; i++) {
        if (chip_region(i, can) != NULL) {
            block = region_alloc(&regions[i], size);
        }
    }
    return block;
}

void chip_free(void* block) {
    for (unsigned i = 0; i < CHIP_REGIONS; i++) {
        if (regions[i].total != 0 && region_holds(&regions[i], block)) {
            region_free(&regions[i], block);
            return;
        }
    }
}

size_t chip_largest(unsigned can) {
    size_t largest = 0;
    for (unsigned i = 0; i < CHIP_REGIONS; i++) {
        const region_t* region = chip_region(i, can);
        size_t here = region != NULL ? region_largest(region) : 0;
        largest = here > largest ? here : largest;
    }
    return largest;
}
