"""The next identity of a board in flash. No network here, and nothing that takes long.

The free slot goes through: empty, key.der, request (asked), the certificate and the rest (a candidate:
Slots.candidate()), active. A power cut at any file operation leaves one of these, and the same calls go on
from there.
"""

from micropython import const

from .counter import Counter
from .identity import sha256
from .slots import Slots

_REFUSALS = const(3)  # of a candidate, before it is given up
_DAY = const(86400)
# A request nobody has answered for so long gets a new key: its own may be one the authority has given up.
_STALE = const(604800)


class Renewal:
    def __init__(self, files, clock):
        self.slots = Slots(files)
        self._files = files
        self._clock = clock

    def pending(self):
        """(key, request) that wait for an answer in the free slot, or None."""
        data = self._files.read(self.folder() + "/request")
        key = self._files.read(self.folder() + "/key.der")
        if not data or not key or len(data) <= 40 or sha256(data[:-32]) != data[-32:]:
            return None
        # A clock that has fallen back makes nothing stale.
        age = self._clock.now() - int.from_bytes(data[:8], "big")
        if age >= _STALE or self.slots.is_whole(self.slots.free()):
            return None
        from .keys import public_key
        try:
            return (key, data[8:-32]) if public_key(key) in data else None
        except ValueError:
            return None

    def answered(self):
        """A Refusal is an answer: the key stays. Written once a day at most."""
        path = self.folder() + "/request"
        data = self._files.read(path)
        now = self._clock.now()
        if now - int.from_bytes(data[:8], "big") >= _DAY:
            data = now.to_bytes(8, "big") + data[8:-32]
            self._files.write(path, data + sha256(data))

    def flip(self, candidate):
        """The candidate has connected: it is the active identity from here on."""
        self.slots.activate(candidate.slot)
        self._files.remove(candidate.folder + "/request")

    def refused(self):
        """The candidate has been refused; the third time it is given up. Whether it is still there."""
        count = Counter(self._files, self.folder() + "/refused", "countersign-refused")
        if count.value + 1 < _REFUSALS:
            count.set(count.value + 1)
            return True
        self.slots.clear_free()
        return False

    def folder(self):
        """Of the free slot."""
        return self.slots.free_folder()
