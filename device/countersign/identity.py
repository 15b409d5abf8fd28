"""Who this board is: the name, the certificate, whom it trusts and where the broker is."""

import binascii
import hashlib


class Settings:
    """What an identity knows beside its key and certificate. Versions are those of docs/protocol.md; `after`
    is the seal() of the identity this one is to replace."""

    def __init__(self, name, brokers, anchors_version=1, brokers_version=0, after=""):
        self.name = name
        self.brokers = brokers  # [(host, port), …] in the order to try them
        self.anchors_version = anchors_version
        self.brokers_version = brokers_version
        self.after = after


class Identity:
    """One whole slot. The key stays in its file until TLS asks for it: what is not in RAM cannot leak."""

    def __init__(self, settings, folder, files, anchor_count):
        self.name = settings.name
        self.brokers = settings.brokers
        self.settings = settings
        self.slot = folder[len("/slots/"):]
        # The name it connects under: a birth certificate does not act for its board.
        self.user = "birth~" + self.name if self.slot == "birth" else self.name
        self.folder = folder
        self.files = files
        self.trusted = folder, anchor_count  # where the anchors are, and how many

    def key(self):
        return self.files.read(self.folder + "/key.der")

    def certificate(self):
        return self.files.read(self.folder + "/cert.der")

    def anchors(self):
        folder, count = self.trusted
        return [self.files.read("%s/anchor%d.der" % (folder, i)) for i in range(count)]

    def fingerprint(self):
        """SHA-256 of the certificate."""
        return sha256(self.certificate())

    def seal(self):
        """Short for everything about this identity: half of the SHA-256 of its identity.json, in hex."""
        return sha256_hex(self.files.read(self.folder + "/identity.json"))[:32]


def sha256(data):
    return hashlib.sha256(data).digest()


def sha256_hex(data):
    return str(binascii.hexlify(sha256(data)), "ascii")
