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
    for name, kind, _, size in os.ilistdir(folder):
        used += 1 + (_used_blocks(folder.rstrip("/") + "/" + name) if kind & 0x4000 else size // _BLOCK)
    return used


class Flash:
    """A folder of the host with the size of a board's file system. (A subclass would not do: the import
    machinery reads the fields of a VfsPosix directly.)"""

    def __init__(self, folder):
        fs = vfs.VfsPosix(folder)
        self.mount, self.umount = fs.mount, fs.umount
        self.chdir, self.getcwd, self.stat = fs.chdir, fs.getcwd, fs.stat
        self.mkdir, self.rmdir, self.remove = fs.mkdir, fs.rmdir, fs.remove
        self._open, self._ilistdir, self._rename = fs.open, fs.ilistdir, fs.rename

    def ilistdir(self, path):
        # With sizes, as LittleFS and FAT give them.
        for name, kind, *_ in self._ilistdir(path):
            file = path.rstrip("/") + "/" + name if path else name
            yield name, kind, 0, 0 if kind & 0x4000 else self.stat(file)[6]

    def rename(self, old, new):
        # VfsPosix has one buffer for absolute paths, so only one of the two may be absolute.
        if not (old.startswith("/") and new.startswith("/")):
            return self._rename(old, new)
        folder = self.getcwd() or "/"
        self.chdir("/")
        try:
            self._rename(old[1:], new)
        finally:
            self.chdir(folder)

    def statvfs(self, path):
        free = max(0, _BLOCKS - _used_blocks("/"))
        return (_BLOCK, _BLOCK, _BLOCKS, free, free, 0, 0, 0, 0, 255)

    def open(self, path, mode):
        if mode[0] != "r" and _used_blocks("/") >= _BLOCKS:
            raise OSError(28)  # ENOSPC
        return self._open(path, mode)


def _power_up(flash, cause="1", clock="-9223372036854775808", raw_repl="0"):
    os.umount("/")
    vfs.mount(Flash(flash), "/")
    os.chdir("/")
    sys.path[:] = ["", ".frozen", "/lib"]
    sys.argv[:] = []
    import machine

    machine._reset_cause = int(cause)
    machine._flash = flash
    if cause != "5":
        print("rst:0x1 (POWERON_RESET)" if cause == "1" else "rst:0xc (SW_CPU_RESET)", end="\r\n")
    _board.run(flash, clock, int(raw_repl))


_power_up(*sys.argv[1:])
