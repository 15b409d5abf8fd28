// A block is a word that says its size, then its bytes; blocks lie side by side, the last one empty and never
// free. A free block has its list's links in its first two words, and in its last one, where the block after
// it finds it, where it begins. All are offsets into the region, so that the books weigh the same everywhere.
#include "region.h"

#include <string.h>

#define NONE UINT32_MAX

enum {
    HEADER = 4,
    SMALLEST = 12,  // two links, and where it begins
    SIZE = ~3,
    FREE = 1,  // flags beside the size
    PREVIOUS_FREE = 2,
    BOOKS = 56,  // of the IDF's for any region: multi_heap's head, TLSF's control block
    BOOKS_FIRST_LEVEL = 4,
};

static uint32_t* word(const region_t* region, uint32_t at) {
    return (uint32_t*)(void*)(region->memory + at);
}

static uint32_t size_of(const region_t* region, uint32_t block) {
    return *word(region, block) & (uint32_t)SIZE;
}

static uint32_t after(const region_t* region, uint32_t block) {
    return block + HEADER + size_of(region, block);
}

static uint32_t* next(const region_t* region, uint32_t block) {
    return word(region, block + HEADER);
}

static uint32_t* previous(const region_t* region, uint32_t block) {
    return word(region, block + 2 * HEADER);
}

static unsigned highest_bit(uint32_t number) {
    return 31 - (unsigned)__builtin_clz(number);
}

typedef struct {
    unsigned first, second;
} class_t;

// How wide a class is that blocks of this size are in.
static uint32_t class_width(const region_t* region, uint32_t size) {
    return size < 1u << region->shift ? 1u << (region->shift - region->levels)
                                      : 1u << (highest_bit(size) - region->levels);
}

static class_t class_of(const region_t* region, uint32_t size) {
    if (size < 1u << region->shift) {
        return (class_t){0, size >> (region->shift - region->levels)};
    }
    unsigned bit = highest_bit(size);
    return (class_t){bit - region->shift + 1, (size >> (bit - region->levels)) ^ (1u << region->levels)};
}

static void enlist(region_t* region, uint32_t block) {
    class_t is = class_of(region, size_of(region, block));
    uint32_t* head = &region->heads[is.first][is.second];
    *next(region, block) = *head;
    *previous(region, block) = NONE;
    if (*head != NONE) {
        *previous(region, *head) = block;
    }
    *head = block;
    region->first_map |= 1u << is.first;
    region->second_map[is.first] |= 1u << is.second;
}

static void delist(region_t* region, uint32_t block) {
    class_t is = class_of(region, size_of(region, block));
    uint32_t following = *next(region, block), preceding = *previous(region, block);
    if (following != NONE) {
        *previous(region, following) = preceding;
    }
    if (preceding != NONE) {
        *next(region, preceding) = following;
        return;
    }
    region->heads[is.first][is.second] = following;
    if (following == NONE) {
        region->second_map[is.first] &= ~(1u << is.second);
        if (region->second_map[is.first] == 0) {
            region->first_map &= ~(1u << is.first);
        }
    }
}

// The block becomes free with this size, and the one behind it knows.
static void make_free(region_t* region, uint32_t block, uint32_t size) {
    *word(region, block) = size | FREE | (*word(region, block) & PREVIOUS_FREE);
    uint32_t behind = after(region, block);
    *word(region, behind) |= PREVIOUS_FREE;
    *word(region, behind - HEADER) = block;
    enlist(region, block);
}

// A free block at least this large from the lists; NONE: there is none.
static uint32_t search(const region_t* region, uint32_t size) {
    class_t is = class_of(region, size);
    if (is.first >= REGION_FIRST_LEVELS) {
        return NONE;
    }
    uint32_t map = region->second_map[is.first] & (~0u << is.second);
    if (map == 0) {
        uint32_t first = region->first_map & (~0u << (is.first + 1));
        if (first == 0) {
            return NONE;
        }
        is.first = (unsigned)__builtin_ctz(first);
        map = region->second_map[is.first];
    }
    return region->heads[is.first][__builtin_ctz(map)];
}

// Which classes the IDF makes for a region of this size, and what its books of them take.
static uint32_t choose_classes(region_t* region, uint32_t total) {
    region->levels = total <= 16 * 1024 ? 3 : 4;
    region->shift = (uint8_t)(region->levels + 2);
    uint32_t first_levels = highest_bit(total) + 1 - region->shift + 1;
    return BOOKS + first_levels * (BOOKS_FIRST_LEVEL + (4u << region->levels));
}

void region_init(region_t* region, void* memory, uint32_t total) {
    memset(region, 0, sizeof *region);
    memset(region->heads, 0xff, sizeof region->heads);
    region->memory = memory;
    region->total = total;
    region->size = total - choose_classes(region, total);
    region->free = region->least = region->size;
    *word(region, 0) = 0;
    *word(region, region->size - HEADER) = 0;
    make_free(region, 0, region->size - 2 * HEADER);
}

void* region_alloc(region_t* region, size_t wanted) {
    if (wanted == 0 || wanted > region->size) {
        return NULL;
    }
    uint32_t size = ((uint32_t)wanted + 3) & ~3u;
    size = size < SMALLEST ? SMALLEST : size;
    if (size >= 1u << region->shift) {  // to the next class, all of whose blocks are large enough
        uint32_t width = class_width(region, size);
        size = (size + width - 1) & ~(width - 1);
    }
    uint32_t block = search(region, size);
    if (block == NONE) {
        return NULL;
    }
    delist(region, block);
    uint32_t left = size_of(region, block) - size;
    if (left >= HEADER + SMALLEST) {
        *word(region, block) = size | (*word(region, block) & PREVIOUS_FREE);
        *word(region, after(region, block)) = 0;
        make_free(region, after(region, block), left - HEADER);
    } else {
        *word(region, block) &= ~(uint32_t)FREE;
        *word(region, after(region, block)) &= ~(uint32_t)PREVIOUS_FREE;
    }
    region->free -= size_of(region, block) + HEADER;
    region->least = region->free < region->least ? region->free : region->least;
    return word(region, block + HEADER);
}

void region_free(region_t* region, void* pointer) {
    uint32_t block = (uint32_t)((uint8_t*)pointer - region->memory) - HEADER;
    uint32_t size = size_of(region, block);
    region->free += size + HEADER;
    uint32_t behind = after(region, block);
    if (*word(region, behind) & FREE) {
        delist(region, behind);
        size += HEADER + size_of(region, behind);
    }
    if (*word(region, block) & PREVIOUS_FREE) {
        block = *word(region, block - HEADER);
        delist(region, block);
        size += HEADER + size_of(region, block);
    }
    make_free(region, block, size);
}

bool region_holds(const region_t* region, const void* block) {
    return (const uint8_t*)block >= region->memory && (const uint8_t*)block < region->memory + region->size;
}

size_t region_block_size(const void* block) {
    return ((const uint32_t*)block)[-1] & (uint32_t)SIZE;
}

size_t region_whole(const region_t* region, size_t size) {
    return size & ~(size_t)(size == 0 ? 3 : class_width(region, (uint32_t)size) - 1) & ~(size_t)3;
}

size_t region_largest(const region_t* region) {
    if (region->first_map == 0) {
        return 0;
    }
    unsigned first = highest_bit(region->first_map), second = highest_bit(region->second_map[first]);
    uint32_t largest = 0;
    for (uint32_t block = region->heads[first][second]; block != NONE; block = *next(region, block)) {
        largest = size_of(region, block) > largest ? size_of(region, block) : largest;
    }
    return region_whole(region, largest);  // a search begins at a whole class
}

static bool is_listed(const region_t* region, uint32_t block) {
    class_t is = class_of(region, size_of(region, block));
    for (uint32_t at = region->heads[is.first][is.second]; at != NONE; at = *next(region, at)) {
        if (at == block) {
            return true;
        }
    }
    return false;
}

bool region_is_sound(const region_t* region) {
    uint32_t used = 0, frees = 0, listed = 0, block = 0;
    for (bool was_free = false; size_of(region, block) != 0; block = after(region, block)) {
        bool is_free = *word(region, block) & FREE, says_free = *word(region, block) & PREVIOUS_FREE;
        if (says_free != was_free || (is_free && (was_free || !is_listed(region, block))) ||
            after(region, block) > region->size - HEADER) {
            return false;
        }
        used += is_free ? 0 : size_of(region, block) + HEADER;
        frees += is_free;
        was_free = is_free;
    }
    for (unsigned first = 0; first < REGION_FIRST_LEVELS; first++) {
        for (unsigned second = 0; second < REGION_SECOND_LEVELS; second++) {
            uint32_t at = region->heads[first][second];
            bool is_marked = region->first_map >> first & region->second_map[first] >> second & 1;
            if (is_marked != (at != NONE)) {
                return false;
            }
            for (; at != NONE; at = *next(region, at)) {
                listed++;
            }
        }
    }
    return block == region->size - HEADER && listed == frees && region->free == region->size - used;
}
