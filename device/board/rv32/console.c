// The board's UART (a 16550). Received bytes come by interrupt: that is how Ctrl-C reaches a program that
// never reads.
#include "board.h"
#include "py/mphal.h"
#include "py/runtime.h"
#include "py/stream.h"

#define UART 0x10000000u
#define UART_INTERRUPT 10

enum { DATA = 0, INTERRUPT_ENABLE = 1, FIFO_CONTROL = 2, LINE_CONTROL = 3, LINE_STATUS = 5 };
enum { DIVISOR_LOW = 0, DIVISOR_HIGH = 1, LINE_8N1 = 3, LINE_DIVISOR = 0x80 };
enum { ENABLE_RECEIVED = 1, FIFO_BY_14 = 0xc1, STATUS_READY = 0x01, STATUS_CAN_SEND = 0x20 };

#define RING_SIZE 1024  // a power of two

static uint8_t ring[RING_SIZE];
static volatile unsigned ring_head, ring_tail;

static volatile uint8_t* uart(unsigned at) {
    return (volatile uint8_t*)(UART + at);
}

// While a program runs, bytes beyond the ring are dropped, as a UART drops them, so that a Ctrl-C behind them
// is still seen; at the prompt they wait in the wire.
static void receive(void) {
    while (*uart(LINE_STATUS) & STATUS_READY) {
        bool full = ring_head - ring_tail == RING_SIZE;
        if (full && mp_interrupt_char == -1) {
            *uart(INTERRUPT_ENABLE) = 0;  // until someone has read
            return;
        }
        uint8_t byte = *uart(DATA);
        if (byte == mp_interrupt_char) {
            mp_sched_keyboard_interrupt();
        } else if (!full) {
            ring[ring_head++ % RING_SIZE] = byte;
        }
    }
    cpu_event();
}

void console_init(void) {
    // 115,200 baud. QEMU delivers at once, but waits four characters' time before it gives up on a full
    // fourteen.
    *uart(LINE_CONTROL) = LINE_DIVISOR;
    *uart(DIVISOR_LOW) = 1;
    *uart(DIVISOR_HIGH) = 0;
    *uart(LINE_CONTROL) = LINE_8N1;
    *uart(FIFO_CONTROL) = FIFO_BY_14;
    *uart(INTERRUPT_ENABLE) = ENABLE_RECEIVED;
    cpu_connect(UART_INTERRUPT, receive);
}

int mp_hal_stdin_rx_chr(void) {
    while (ring_head == ring_tail) {
        mp_event_wait_indefinite();
    }
    int byte = ring[ring_tail++ % RING_SIZE];
    *uart(INTERRUPT_ENABLE) = ENABLE_RECEIVED;
    return byte;
}

uintptr_t mp_hal_stdio_poll(uintptr_t poll_flags) {
    uintptr_t ready = poll_flags & MP_STREAM_POLL_WR;
    return ring_head != ring_tail ? ready | (poll_flags & MP_STREAM_POLL_RD) : ready;
}

mp_uint_t mp_hal_stdout_tx_strn(const char* str, size_t len) {
    for (size_t i = 0; i < len; i++) {
        while (!(*uart(LINE_STATUS) & STATUS_CAN_SEND)) {
        }
        *uart(DATA) = (uint8_t)str[i];
    }
    return len;
}
