# Before boot.py: the file system, and what the chip tells its `machine`.
import os
import sys

import _board
import machine
import vfs


def _mount():
    flash = _board.Flash()
    try:
        vfs.mount(flash, "/")
    except OSError:  # empty: never used, or erased
        vfs.VfsLfs2.mkfs(flash)
        vfs.mount(flash, "/")
    os.chdir("/")


machine._reset_cause = _board.reset_cause()
machine._flash = _board.chip_id()
if machine._reset_cause != machine.SOFT_RESET:
    is_power_on = machine._reset_cause == machine.PWRON_RESET
    print("rst:0x1 (POWERON_RESET)" if is_power_on else "rst:0xc (SW_CPU_RESET)")
_mount()
sys.path[:] = ["", ".frozen", "/lib"]
