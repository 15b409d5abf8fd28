// One region of a chip's memory, kept as ESP-IDF keeps each of its heaps: by two-level segregated fit (TLSF).
// Sizes are rounded up and what is left is counted as the IDF does, so that the free bytes, the largest free
// block and the fragments come out as they would on the chip. Knows nothing of MicroPython or of this board.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    REGION_MAX = 256 * 1024,  // bytes of one region
    REGION_FIRST_LEVELS = 13,
    REGION_SECOND_LEVELS = 16,
};

typedef struct {
    uint8_t* memory;
    uint32_t total;        // bytes, what the IDF's own books of the region take included
    uint32_t size;         // bytes that blocks and their headers share
    uint32_t free, least;  // bytes free now; the fewest there ever were
    uint8_t shift;         // 2 to its power is the size below which all classes are equally wide
    uint8_t levels;        // bits of the second level
    uint32_t first_map, second_map[REGION_FIRST_LEVELS];
    uint32_t heads[REGION_FIRST_LEVELS][REGION_SECOND_LEVELS];  // of the lists of free blocks
} region_t;

// `memory` is the region's own, aligned to 4 bytes, `total` bytes of it a multiple of 4.
void region_init(region_t* region, void* memory, uint32_t total);
// NULL: no free block is large enough.
void* region_alloc(region_t* region, size_t size);
void region_free(region_t* region, void* block);
bool region_holds(const region_t* region, const void* block);
// What a used block may hold, its size rounded up.
size_t region_block_size(const void* block);
// The largest size up to this one that is not rounded up.
size_t region_whole(const region_t* region, size_t size);
// The largest size that region_alloc would give.
size_t region_largest(const region_t* region);
// Whether the books are right; for tests.
bool region_is_sound(const region_t* region);

#ifdef __cplusplus
}
#endif
