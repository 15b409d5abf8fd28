// Features of the virtual board: those of an ESP32's stock firmware, on top of the unix port.
#define MICROPY_CONFIG_ROM_LEVEL (MICROPY_CONFIG_ROM_LEVEL_EXTRA_FEATURES)
#define MICROPY_HW_BOARD_NAME "Countersign virtual board"
#define MICROPY_HW_MCU_NAME "Linux"
#define MICROPY_BANNER_MACHINE MICROPY_HW_BOARD_NAME " with " MICROPY_HW_MCU_NAME

// sys.stdout, print and the REPL all pass through mp_hal_stdout_tx_strn with this.
#define MICROPY_PY_OS_DUPTERM (1)
#define MICROPY_PY_OS_SYNC (1)
#define MICROPY_PY_OS_UNAME (1)

#include "../mpconfigvariant_common.h"

// Ctrl-C is noticed by the receive interrupt (console.c) and raised by the VM, as on a board.
#undef MICROPY_ASYNC_KBD_INTR
#define MICROPY_ASYNC_KBD_INTR (0)

// `machine` is a double of ESP32's, in modules/machine.py.
#undef MICROPY_PY_MACHINE
#undef MICROPY_PY_MACHINE_PULSE
#undef MICROPY_PY_MACHINE_PIN_BASE
#define MICROPY_PY_MACHINE (0)
