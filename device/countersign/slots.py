"""Two places that can each hold a whole identity, and which of them holds.

A power cut between any two file operations, or in the middle of a write, leaves the old identity or the new
one, never less: a slot is written while the other one is in use, becomes a slot only with its last file
(identity.json), and is pointed to only after it has been read back. Two numbered pointers need no atomic
rename, so FAT is as good as LittleFS.
"""

from . import slot_files
from .errors import BoardFull, IdentityDamaged, IdentityMissing
from .identity import Settings
from .sealed import sealed, unsealed
from .slices import at_once

SLOTS = ("a", "b")
BIRTH = "/slots/birth"

_POINTERS = ("/slots/pointer0", "/slots/pointer1")
_MAGIC = "countersign-pointer"
# In the order to remove them: without the first nothing is asked with an old key again, without the second it
# is no slot any more.
_OWN_FILES = (
    "request", "identity.json", "key.der", "cert.der", "number", "number.new", "refused", "refused.new")


class Slots:
    def __init__(self, files):
        self._files = files

    def active(self):
        """The Identity in use. When the slot the newest pointer names is damaged, the one before it is taken:
        whether it may still connect is for the broker to say."""
        pointers = self._pointers()
        if not pointers:
            raise IdentityMissing()
        fault = None
        for _, slot, _ in pointers:
            try:
                return slot_files.read(self._files, _folder(slot))
            except IdentityDamaged as e:
                fault = fault or e
        raise fault

    def free(self):
        """The slot that may be written."""
        try:
            return "b" if self.active().slot == "a" else "a"
        except (IdentityMissing, IdentityDamaged):
            return "a"

    def free_folder(self):
        return _folder(self.free())

    def candidate(self):
        """The Identity in the free slot that is to replace the active one; None when there is none, or only
        the one that was in use before."""
        try:
            found = slot_files.read(self._files, _folder(self.free()))
            return found if found.settings.after == self.seal() else None
        except IdentityDamaged:
            return None

    def birth(self):
        """The Identity that can only renew, or None. It trusts what the newest readable slot trusts."""
        try:
            birth = slot_files.read(self._files, BIRTH)
        except IdentityDamaged:
            return None
        try:
            active = self.active()
            if active.name == birth.name:
                birth.settings, birth.brokers, birth.trusted = active.settings, active.brokers, active.trusted
        except (IdentityMissing, IdentityDamaged):
            pass
        return birth

    def is_whole(self, slot):
        try:
            slot_files.read(self._files, _folder(slot))
            return True
        except IdentityDamaged:
            return False

    def seal(self):
        """That of the active identity; "none" without one."""
        try:
            return self.active().seal()
        except (IdentityMissing, IdentityDamaged):
            return "none"

    def write(self, contents, name, brokers):
        """Puts an identity into the free slot and returns the slot: `contents` is {"key.der": bytes,
        "cert.der": …, "anchor0.der": …}. Nothing is changed for whoever uses the active one."""
        slot = self.free()
        at_once(self.fill(_folder(slot), contents, Settings(name, brokers)))
        return slot

    def fill(self, folder, contents, settings):
        """Work (slices.py), a file a slice: makes a folder a whole identity and returns it; BoardFull when
        the flash did not keep it."""
        self.make_folder(folder)
        for file, data in contents.items():
            if self._files.read(folder + "/" + file) != data:
                self._files.write(folder + "/" + file, data)
                yield
        self._files.write(folder + "/identity.json", slot_files.describe(settings, contents))
        yield
        try:
            return slot_files.read(self._files, folder)
        except IdentityDamaged as e:
            raise BoardFull(e.detail)

    def clear_free(self):
        """The folder of the free slot, with nothing in it that could be taken for a part of something."""
        try:
            # After a fall-back the newest pointer names this slot: it must not hold before it is proven.
            self.activate(self.active().slot)
        except (IdentityMissing, IdentityDamaged):
            pass
        folder = self.free_folder()
        self.make_folder(folder)
        for file in _OWN_FILES:
            self._files.remove(folder + "/" + file)
        return folder

    def make_folder(self, folder):
        self._files.make_folder("/slots")
        self._files.make_folder(folder)

    def activate(self, slot):
        """Makes a slot the one in use, if it is whole."""
        slot_files.read(self._files, _folder(slot))
        pointers = self._pointers()
        sequence, active, place = pointers[0] if pointers else (0, "", _POINTERS[1])
        if active == slot:
            return
        other = _POINTERS[0] if place == _POINTERS[1] else _POINTERS[1]
        line = sealed("%s 1 %d %s " % (_MAGIC, sequence + 1, slot))
        self._files.write(other, line)
        if self._files.read(other) != line:
            raise BoardFull(other)

    def _pointers(self):
        """[(sequence, slot, path)] of the valid pointers, the one that holds first."""
        found = []
        for path in _POINTERS:
            words = unsealed(self._files.read(path), _MAGIC)
            if words and len(words) == 2 and words[0].isdigit() and words[1] in SLOTS:
                found.append((int(words[0]), words[1], path))
        found.sort(reverse=True)
        return found


def any_identity(slots):
    """The active Identity, else the birth one; IdentityMissing or IdentityDamaged."""
    try:
        return slots.active()
    except (IdentityMissing, IdentityDamaged):
        birth = slots.birth()
        if birth:
            return birth
        raise


def _folder(slot):
    return "/slots/" + slot
