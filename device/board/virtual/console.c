// The board's UART. Received bytes come by signal, as they come by interrupt on a chip: that is how Ctrl-C reaches a
// program that never reads. Output is never lost here: the host's end of the socket always reads.
#define _GNU_SOURCE  // ppoll
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "board.h"
#include "py/mphal.h"
#include "py/runtime.h"

#define RING_SIZE 4096  // a power of two
#define NO_INTERRUPT (-1)

static bool started;
static uint8_t ring[RING_SIZE];
static volatile unsigned ring_head, ring_tail;  // written by receive() and by the reader
static volatile int interrupt_char = NO_INTERRUPT;

int __real_mp_hal_stdin_rx_chr(void);
void __real_mp_hal_set_interrupt_char(char c);
mp_uint_t __real_mp_hal_stdout_tx_strn(const char *str, size_t len);

// Runs in the signal handler, or with the signal blocked. While a program runs, bytes beyond the ring are dropped, as a
// UART drops them, so that a Ctrl-C behind them is still seen; at the prompt they wait in the socket.
static void receive(void) {
    int saved_errno = errno;
    for (;;) {
        bool full = ring_head - ring_tail == RING_SIZE;
        if (full && interrupt_char == NO_INTERRUPT) {
            break;
        }
        uint8_t byte;
        ssize_t got = recv(STDIN_FILENO, &byte, 1, MSG_DONTWAIT);
        if (got == 0) {
            _exit(0);  // whoever held the board has let it go
        }
        if (got < 0) {
            break;
        }
        if (byte == interrupt_char) {
            mp_sched_keyboard_interrupt();
        } else if (!full) {
            ring[ring_head++ % RING_SIZE] = byte;
        }
    }
    errno = saved_errno;
}

static void on_sigio(int signal_number) {
    (void)signal_number;
    receive();
}

// The signal is blocked when this begins: it was before the reset, and its default action ends the process.
void console_start(void) {
    struct sigaction action = {.sa_handler = on_sigio};  // no SA_RESTART: a sleeping program must wake for Ctrl-C
    sigaction(SIGIO, &action, NULL);
    fcntl(STDIN_FILENO, F_SETOWN, getpid());
    fcntl(STDIN_FILENO, F_SETFL, fcntl(STDIN_FILENO, F_GETFL) | O_ASYNC);
    started = true;
    receive();
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, SIGIO);
    sigprocmask(SIG_UNBLOCK, &only, NULL);
}

int __wrap_mp_hal_stdin_rx_chr(void) {
    if (!started) {
        return __real_mp_hal_stdin_rx_chr();
    }
    for (;;) {
        sigset_t only, before;
        sigemptyset(&only);
        sigaddset(&only, SIGIO);
        sigprocmask(SIG_BLOCK, &only, &before);
        receive();
        if (ring_head == ring_tail) {
            struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
            ppoll(&input, 1, NULL, &before);
        }
        sigprocmask(SIG_SETMASK, &before, NULL);
        mp_handle_pending(true);
        if (ring_head != ring_tail) {
            return ring[ring_tail++ % RING_SIZE];
        }
    }
}

void __wrap_mp_hal_set_interrupt_char(char c) {
    if (started) {
        interrupt_char = c == (char)-1 ? NO_INTERRUPT : (unsigned char)c;
    } else {
        __real_mp_hal_set_interrupt_char(c);
    }
}

static void send_all(const char *bytes, size_t len) {
    while (len > 0) {
        ssize_t sent = write(STDOUT_FILENO, bytes, len);
        if (sent < 0 && errno != EINTR) {
            _exit(0);
        }
        if (sent > 0) {
            bytes += sent;
            len -= (size_t)sent;
        }
    }
}

// A board's terminal has no driver that adds the carriage return.
static void send_cooked(const char *str, size_t len) {
    static char last;
    size_t begin = 0;
    for (size_t i = 0; i < len; i++) {
        if (str[i] == '\n' && last != '\r') {
            send_all(str + begin, i - begin);
            send_all("\r\n", 2);
            begin = i + 1;
        }
        last = str[i];
    }
    send_all(str + begin, len - begin);
}

mp_uint_t __wrap_mp_hal_stdout_tx_strn(const char *str, size_t len) {
    if (!started) {
        return __real_mp_hal_stdout_tx_strn(str, len);
    }
    send_cooked(str, len);
    return len;
}

void __wrap_mp_hal_stdout_tx_strn_cooked(const char *str, size_t len) {
    __wrap_mp_hal_stdout_tx_strn(str, len);
}

void __wrap_mp_hal_stdout_tx_str(const char *str) {
    __wrap_mp_hal_stdout_tx_strn(str, strlen(str));
}
