# Powers the board up: micropython -m _virtual_board FLASH [CAUSE CLOCK_OFFSET_US RAW_REPL]
# The last three come from a reset (board.c); without them it is power-on.
import os
import sys

import _board
import vfs

_BLOCK = 4096
_BLOCKS = 512  # 2 MiB, what a 4 MB ESP32 leaves for files


def _used_blocks(folder):
    used = 0
    for name, kind, *_ in os.ilistdir(folder):
        path = folder + "/" + name
        used += 1 + (_used_blocks(path) if kind & 0x4000 else os.stat(path)[6] // _BLOCK)
    return used


class Flash(vfs.VfsPosix):
    """A folder of the host with the size of a board's file system."""

    def statvfs(self, path):
        free = max(0, _BLOCKS - _used_blocks(""))
        return (_BLOCK, _BLOCK, _BLOCKS, free, free, 0, 0, 0, 0, 255)

    def open(self, path, mode):
        if mode[0] != "r" and _used_blocks("") >= _BLOCKS:
            raise OSError(28)  # ENOSPC
        return super().open(path, mode)


def _power_up(flash, cause="1", clock="-9223372036854775808", raw_repl="0"):
    os.umount("/")
    vfs.mount(Flash(flash), "/")
    os.chdir("/")
    sys.path[:] = ["", ".frozen", "/lib"]
    sys.argv[:] = []
    import machine

    machine._reset_cause = int(cause)
    if cause != "5":
        print("rst:0x1 (POWERON_RESET)" if cause == "1" else "rst:0xc (SW_CPU_RESET)")
    _board.run(flash, clock, int(raw_repl))


_power_up(*sys.argv[1:])
