// The memory of TLS, beside MicroPython's: on an ESP32 it comes from ESP-IDF's heap.
#include <malloc.h>
#include <stdlib.h>

#include "board.h"

static size_t used, peak;

void* tls_calloc(size_t count, size_t size) {
    void* memory = calloc(count, size);
    if (memory != NULL) {
        used += malloc_usable_size(memory);
        peak = used > peak ? used : peak;
    }
    return memory;
}

void tls_free(void* memory) {
    if (memory != NULL) {
        used -= malloc_usable_size(memory);
        free(memory);
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
