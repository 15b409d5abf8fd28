# The MicroPython unix port as a board: what an ESP32's stock firmware has, and nothing that needs a library of the host.
FROZEN_MANIFEST ?= $(VARIANT_DIR)/manifest.py
MICROPY_PY_BTREE = 0
MICROPY_PY_FFI = 0
MICROPY_PY_TERMIOS = 0
MICROPY_PY_THREAD = 0
# The console and the clock are the board's own: console.c, clock.c.
wrap = $(foreach function,$(1),-Wl,--wrap=$(function))
LDFLAGS_EXTRA += $(call wrap,time gettimeofday clock_gettime)
LDFLAGS_EXTRA += $(call wrap,mp_hal_stdin_rx_chr mp_hal_set_interrupt_char)
LDFLAGS_EXTRA += $(call wrap,mp_hal_stdout_tx_strn mp_hal_stdout_tx_strn_cooked mp_hal_stdout_tx_str)
# What ESP-IDF has on by default and MicroPython leaves off elsewhere.
CFLAGS += -DMBEDTLS_ECP_NIST_OPTIM
