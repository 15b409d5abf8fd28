// The memory of TLS and of lwIP: on an ESP32 both take it from ESP-IDF's heap.
#include <string.h>

#include "board.h"
#include "chip.h"
#include "lwip/memp.h"
#include "lwip/priv/tcp_priv.h"

static size_t used, peak;

// As lwip/lwipopts.h names them.
void* network_malloc(size_t size) {
    return chip_alloc(size, CHIP_DATA);
}

void* network_calloc(size_t count, size_t size) {
    void* memory = chip_alloc(count * size, CHIP_DATA);
    return memory != NULL ? memset(memory, 0, count * size) : NULL;
}

void network_free(void* memory) {
    chip_free(memory);
}

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

static unsigned connections(void) {
    unsigned count = 0;
    const struct tcp_pcb* lists[] = {tcp_bound_pcbs, tcp_active_pcbs, tcp_tw_pcbs};
    for (unsigned i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        for (const struct tcp_pcb* pcb = lists[i]; pcb != NULL; pcb = pcb->next) {
            count++;
        }
    }
    return count;
}

// lwIP does not count what it takes from a heap. When it gets none of these, the one that has waited longest
// after its end goes.
void* __real_memp_malloc(memp_t type);
void* __wrap_memp_malloc(memp_t type) {
    return type == MEMP_TCP_PCB && connections() >= MEMP_NUM_TCP_PCB ? NULL : __real_memp_malloc(type);
}
