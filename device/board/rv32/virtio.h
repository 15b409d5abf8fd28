// Virtual devices as QEMU's machine `virt` has them on its memory bus (VIRTIO 1.1, section 4.2), one queue at
// a time.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { VIRTIO_NET = 1, VIRTIO_RNG = 4 };
enum { VIRTQ_SIZE = 16 };  // buffers in a queue

typedef struct {
    uint64_t address;
    uint32_t length;
    uint16_t flags, next;
} virtq_desc_t;

typedef struct {
    uint16_t flags, index, ring[VIRTQ_SIZE];
} virtq_avail_t;

typedef struct {
    uint16_t flags, index;
    struct {
        uint32_t id, length;
    } ring[VIRTQ_SIZE];
} virtq_used_t;

// Buffer i of a queue belongs to descriptor i for good.
typedef struct {
    virtq_desc_t desc[VIRTQ_SIZE] __attribute__((aligned(16)));
    virtq_avail_t avail;
    virtq_used_t used __attribute__((aligned(4)));
    uintptr_t device;
    unsigned number;
    uint16_t taken;  // how many of the used ones have been looked at
} virtq_t;

// The device of this kind, reset and ready for its queues; 0 if the machine has none.
uintptr_t virtio_find(unsigned kind);
unsigned virtio_interrupt(uintptr_t device);
void virtio_acknowledge(uintptr_t device);
// All queues first, then virtio_start.
void virtio_add_queue(virtq_t* queue, uintptr_t device, unsigned number);
void virtio_start(uintptr_t device);
// Gives buffer `id` to the device, for it to write or to read.
void virtio_give(virtq_t* queue, unsigned id, void* buffer, uint32_t length, bool device_writes);
// A buffer the device has done with: its id, and in `length` what was written. -1: none.
int virtio_take(virtq_t* queue, uint32_t* length);
// Where the device's own settings are.
static inline volatile uint8_t* virtio_settings(uintptr_t device) {
    return (volatile uint8_t*)(device + 0x100);
}
