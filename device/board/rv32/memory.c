// The memory of TLS: on an ESP32 it comes from ESP-IDF's heap.
#include <string.h>

#include "board.h"
#include "chip.h"

static size_t used, peak;

void* tls_calloc(size_t count, size_t size) {
    void* memory = size != 0 && count > SIZE_MAX / size ? NULL : chip_alloc(count * size, CHIP_DATA);
    if (memory != NULL) {
        memset(memory, 0, count * size);
        used += region_block_size(memory);
        peak = used > peak ? used : peak;
    }
    return memory;
}

void tls_free(void* memory) {
    if (memory != NULL) {
        used -= region_block_size(memory);
        chip_free(memory);
    }
}

size_t tls_memory(void) {
    return used;
}

size_t tls_memory_peak(void) {
    size_t was = peak;
    peak = used;
    return was;
}
