// The generator of random numbers: the host's, by QEMU's entropy device.
#include "board.h"
#include "py/mperrno.h"
#include "py/runtime.h"
#include "virtio.h"

static virtq_t requests;
static uint8_t chunk[64];

void random_init(void) {
    uintptr_t device = virtio_find(VIRTIO_RNG);
    if (device == 0) {
        return;
    }
    virtio_add_queue(&requests, device, 0);
    virtio_start(device);
}

void random_bytes(void* out, size_t size) {
    if (requests.device == 0) {
        mp_raise_OSError(MP_ENODEV);  // never a made-up number
    }
    for (uint8_t* at = out; size > 0;) {
        virtio_give(&requests, 0, chunk, size < sizeof chunk ? size : sizeof chunk, true);
        uint32_t got;
        uint64_t start = cpu_busy_ns();
        while (virtio_take(&requests, &got) < 0) {
        }
        cpu_was_waiting(start);
        if (got > size) {
            got = size;
        }
        memcpy(at, chunk, got);
        at += got;
        size -= got;
    }
    memset(chunk, 0, sizeof chunk);
}

int mbedtls_hardware_poll(void* context, unsigned char* out, size_t size, size_t* got) {
    (void)context;
    random_bytes(out, size);
    *got = size;
    return 0;
}
