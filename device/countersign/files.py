"""The file operations of slots and clock, in one place so that a test can cut the power at each of them."""

import os


class Files:
    """Paths are absolute on the board; `root` is put before them ('/' on a board)."""

    def __init__(self, root="/"):
        self._root = root.rstrip("/")

    def read(self, path, limit=8192):
        """The bytes of a file, or None when there is none. `limit` bounds what a damaged file can cost."""
        try:
            with open(self._root + path, "rb") as f:
                size = f.seek(0, 2)
                f.seek(0)
                # read() takes memory for all it may bring, and 8 kB in one piece may not be there.
                return f.read(min(size, limit))
        except OSError:
            return None

    def write(self, path, data):
        """Not whole-or-nothing: a power cut leaves any part of it, so every reader checks a checksum."""
        with open(self._root + path, "wb") as f:
            f.write(data)
            f.flush()
        if hasattr(os, "sync"):
            os.sync()

    def remove(self, path):
        """No error when it is not there."""
        try:
            os.remove(self._root + path)
        except OSError:
            pass

    def rename(self, old, new):
        """Whether it could be done: FAT does not rename onto a file that is there."""
        try:
            os.rename(self._root + old, self._root + new)
            return True
        except OSError:
            return False

    def make_folder(self, path):
        """No error when it is there."""
        try:
            os.mkdir(self._root + path)
        except OSError:
            pass
