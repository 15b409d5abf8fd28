"""A number in flash that only grows, through any power cut and on file systems that rename onto no file.

`path` holds it as `<magic> 1 <number> <crc32 hex>`; `path`.new is its successor while that is being written,
and the higher valid one of the two holds.
"""

from .sealed import sealed, unsealed


def requests_of(files, folder):
    """How many Requests the key in a slot has signed."""
    return Counter(files, folder + "/number", "countersign-number")


class Counter:
    def __init__(self, files, path, magic):
        self._files = files
        self._path = path
        self._magic = magic
        self.value = max(self._stored(path), self._stored(path + ".new"))

    def set(self, value):
        """A higher one."""
        self.value = value
        new = self._path + ".new"
        self._files.write(new, sealed("%s 1 %d " % (self._magic, value)))
        if not self._files.rename(new, self._path):
            # No renaming onto a file here. Whatever a power cut leaves, one of the two files is whole.
            self._files.remove(self._path)
            self._files.rename(new, self._path)

    def _stored(self, path):
        words = unsealed(self._files.read(path), self._magic)
        return int(words[0]) if words and len(words) == 1 and words[0].isdigit() else 0
