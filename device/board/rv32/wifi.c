#include "wifi.h"

#include "board.h"
#include "chip.h"

enum {
    BLOCKS = 64,  // of one list, at most
    ASSOCIATION_US = 200000,
    AGAIN_US = 1300000,       // from a failed try to the next
    MANAGEMENT_ANSWER = 400,  // bytes of a frame by which an access point answers
};

// Blocks taken for one purpose.
typedef struct {
    void* blocks[BLOCKS];
    unsigned count;
} hold_t;

static hold_t initial, started, associated;
static uint8_t* receive_buffers[WIFI_BUFFERS];
static bool is_started, is_complete;  // complete: the start found all its memory
static bool is_wanted, has_address;
static uint64_t next_try;
static int reason;

static void release(hold_t* hold) {
    while (hold->count > 0) {
        chip_free(hold->blocks[--hold->count]);
    }
}

// Whether there was memory for all of the list; what there was is taken.
static bool take(hold_t* hold, const uint16_t* sizes) {
    bool is_all = true;
    for (; *sizes != 0 && hold->count < BLOCKS; sizes++) {
        void* block = chip_alloc(*sizes, CHIP_DATA | CHIP_DMA);
        if (block != NULL) {
            hold->blocks[hold->count++] = block;
        }
        is_all = is_all && block != NULL;
    }
    return is_all;
}

static bool take_receive_buffers(void) {
    for (unsigned i = 0; i < WIFI_BUFFERS; i++) {
        receive_buffers[i] = chip_alloc(WIFI_BUFFER, CHIP_DATA | CHIP_DMA);
        if (receive_buffers[i] == NULL) {
            while (i > 0) {
                chip_free(receive_buffers[--i]);
            }
            return false;
        }
    }
    return true;
}

bool wifi_init(void) {
    if (initial.count > 0) {
        return true;
    }
    if (!take(&initial, chip()->wifi.init) || !take_receive_buffers()) {
        release(&initial);
        return false;
    }
    for (unsigned i = 0; i < WIFI_BUFFERS; i++) {
        net_add_buffer(i, receive_buffers[i]);
    }
    return true;
}

void wifi_start(void) {
    if (!is_started) {
        is_started = true;
        is_complete = take(&started, chip()->wifi.start);
    }
}

void wifi_stop(void) {
    wifi_disconnect();
    release(&started);
    is_started = false;
}

bool wifi_is_started(void) {
    return is_started;
}

void wifi_connect(void) {
    is_wanted = true;
    reason = WIFI_NO_REASON;
    next_try = cpu_microseconds() + ASSOCIATION_US;
}

void wifi_disconnect(void) {
    is_wanted = has_address = false;
    reason = WIFI_NO_REASON;
    net_link(false);
    release(&associated);
}

bool wifi_is_connecting(void) {
    return is_wanted && !has_address;
}

bool wifi_has_address(void) {
    return has_address;
}

int wifi_reason(void) {
    return reason;
}

// A question to the access point and its answer. The driver's frames for this are as large as they can be.
static bool ask_access_point(void) {
    void* question = chip_alloc(WIFI_BUFFER, CHIP_DATA | CHIP_DMA);
    void* answer = wifi_frame_alloc(MANAGEMENT_ANSWER);
    chip_free(question);
    wifi_frame_free(answer);
    return question != NULL && answer != NULL;
}

static int associate(void) {
    if (!is_complete || !ask_access_point()) {
        return WIFI_NO_AP_FOUND;
    }
    if (!take(&associated, chip()->wifi.connect) || !ask_access_point()) {
        release(&associated);
        return WIFI_AUTH_FAIL;
    }
    return WIFI_NO_REASON;
}

void wifi_poll(void) {
    if (!wifi_is_connecting() || cpu_microseconds() < next_try) {
        return;
    }
    reason = associate();
    next_try = cpu_microseconds() + AGAIN_US;
    has_address = reason == WIFI_NO_REASON;
    net_link(has_address);
}

void* wifi_frame_alloc(size_t bytes) {
    return chip_alloc(WIFI_OVERHEAD + bytes, CHIP_DATA | CHIP_DMA);
}

void wifi_frame_free(void* frame) {
    chip_free(frame);
}
