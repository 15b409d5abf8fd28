#include "virtio.h"

#include "board.h"

#define SLOT(i) (0x10001000u + 0x1000u * (i))
#define SLOTS 8
#define FIRST_INTERRUPT 1

enum {
    MAGIC = 0x00,
    VERSION = 0x04,
    DEVICE_ID = 0x08,
    DRIVER_FEATURES = 0x20,
    DRIVER_FEATURES_SELECT = 0x24,
    QUEUE_SELECT = 0x30,
    QUEUE_NUM = 0x38,
    QUEUE_READY = 0x44,
    QUEUE_NOTIFY = 0x50,
    INTERRUPT_STATUS = 0x60,
    INTERRUPT_ACK = 0x64,
    STATUS = 0x70,
    QUEUE_DESC = 0x80,
    QUEUE_DRIVER = 0x90,
    QUEUE_DEVICE = 0xa0,
};
enum { ACKNOWLEDGE = 1, DRIVER = 2, DRIVER_OK = 4, FEATURES_OK = 8 };
enum { DEVICE_WRITES = 2 };

static void barrier(void) {
    __asm volatile("fence rw, rw" ::: "memory");
}

uintptr_t virtio_find(unsigned kind) {
    for (unsigned i = 0; i < SLOTS; i++) {
        uintptr_t device = SLOT(i);
        if (*reg(device + MAGIC) != 0x74726976 || *reg(device + VERSION) != 2 ||
            *reg(device + DEVICE_ID) != kind) {
            continue;
        }
        *reg(device + STATUS) = 0;
        *reg(device + STATUS) = ACKNOWLEDGE | DRIVER;
        *reg(device + DRIVER_FEATURES_SELECT) = 0;
        *reg(device + DRIVER_FEATURES) = 0;
        *reg(device + DRIVER_FEATURES_SELECT) = 1;
        *reg(device + DRIVER_FEATURES) = 1;  // bit 32, VIRTIO_F_VERSION_1
        *reg(device + STATUS) = ACKNOWLEDGE | DRIVER | FEATURES_OK;
        return device;
    }
    return 0;
}

unsigned virtio_interrupt(uintptr_t device) {
    return FIRST_INTERRUPT + (device - SLOT(0)) / 0x1000;
}

void virtio_acknowledge(uintptr_t device) {
    *reg(device + INTERRUPT_ACK) = *reg(device + INTERRUPT_STATUS);
}

static void set_address(uintptr_t at, void* where) {
    *reg(at) = (uint32_t)where;
    *reg(at + 4) = 0;
}

void virtio_add_queue(virtq_t* queue, uintptr_t device, unsigned number) {
    queue->device = device;
    queue->number = number;
    *reg(device + QUEUE_SELECT) = number;
    *reg(device + QUEUE_NUM) = VIRTQ_SIZE;
    set_address(device + QUEUE_DESC, queue->desc);
    set_address(device + QUEUE_DRIVER, &queue->avail);
    set_address(device + QUEUE_DEVICE, &queue->used);
    *reg(device + QUEUE_READY) = 1;
}

void virtio_start(uintptr_t device) {
    *reg(device + STATUS) = ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK;
}

void virtio_give(virtq_t* queue, unsigned id, void* buffer, uint32_t length, bool device_writes) {
    queue->desc[id] = (virtq_desc_t){(uint32_t)buffer, length, device_writes ? DEVICE_WRITES : 0, 0};
    queue->avail.ring[queue->avail.index % VIRTQ_SIZE] = (uint16_t)id;
    barrier();
    queue->avail.index++;
    barrier();
    *reg(queue->device + QUEUE_NOTIFY) = queue->number;
}

int virtio_take(virtq_t* queue, uint32_t* length) {
    barrier();
    if (queue->taken == *(volatile uint16_t*)&queue->used.index) {
        return -1;
    }
    barrier();
    unsigned at = queue->taken++ % VIRTQ_SIZE;
    *length = queue->used.ring[at].length;
    return (int)queue->used.ring[at].id;
}
