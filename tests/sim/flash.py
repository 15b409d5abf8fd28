"""The flash of a simulated board: files in memory, and a power supply that fails at a chosen operation."""

import asyncio
import hashlib

from countersign import keys


class PowerCut(asyncio.CancelledError):
    """Nothing on the board may catch it and go on."""


class Flash:
    """What survives the power."""

    def __init__(self, renames, secrets):
        self.files = {}
        self.renames = renames  # onto a file that is there: LittleFS does, FAT does not
        self.fuse = -1  # file operations until the power goes; -1: it does not
        self.how = 0
        self.secrets = secrets  # private keys that were ever written

    def copy_from(self, other):
        self.files = dict(other.files)
        self.secrets.update(other.secrets)


class Files:
    """countersign.files.Files, from one power-on to the next power cut."""

    def __init__(self, flash, on_cut=None, on_flip=None):
        self._flash = flash
        self._on_cut = on_cut
        self._on_flip = on_flip
        self.dead = False

    def read(self, path, limit=8192):
        self._alive()
        data = self._flash.files.get(path)
        return None if data is None else data[:limit]

    def write(self, path, data):
        data = bytes(data)
        if path.startswith("/slots/pointer") and self._on_flip:
            certificate = self._flash.files["/slots/%s/cert.der" % str(data.split(b" ")[3], "ascii")]
            self._on_flip(hashlib.sha256(certificate).digest())
        if path.endswith("key.der") or path.endswith(".key"):
            self._flash.secrets.add(bytes(keys._read(data)[0]))
        files = self._flash.files
        self._operate(lambda: files.update({path: data[:len(data) // 2]}), lambda: files.update({path: data}))

    def remove(self, path):
        def gone():
            self._flash.files.pop(path, None)
        self._operate(gone, gone)

    def rename(self, old, new):
        files = self._flash.files
        if old not in files or new in files and not self._flash.renames:
            self._operate(lambda: None, lambda: None)
            return False

        def moved():
            files[new] = files.pop(old)
        self._operate(moved, moved)
        return True

    def make_folder(self, path):
        self._operate(lambda: None, lambda: None)

    def _alive(self):
        if self.dead:
            raise PowerCut()

    def _operate(self, half, whole):
        self._alive()
        flash = self._flash
        if flash.fuse < 0:
            return whole()
        if flash.fuse:
            flash.fuse -= 1
            return whole()
        flash.fuse = -1
        if flash.how == 1:
            half()
        elif flash.how == 2:
            whole()
        self.dead = True
        self._on_cut()
        raise PowerCut()
