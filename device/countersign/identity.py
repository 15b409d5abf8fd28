"""Who this board is: the name, the certificate, whom it trusts and where the broker is."""

import binascii
import hashlib
import json

from .errors import IdentityDamaged

_VERSION = 1
_MAX_ANCHORS = 8


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
        self._anchors = folder, anchor_count

    def key(self):
        return self.files.read(self.folder + "/key.der")

    def certificate(self):
        return self.files.read(self.folder + "/cert.der")

    def anchors(self):
        folder, count = self._anchors
        return [self.files.read("%s/anchor%d.der" % (folder, i)) for i in range(count)]

    def trust_like(self, other):
        """Takes over the anchors, the brokers and their versions of another Identity of this board."""
        self.settings = other.settings
        self.brokers = other.brokers
        self._anchors = other._anchors

    def fingerprint(self):
        """SHA-256 of the certificate."""
        return hashlib.sha256(self.certificate()).digest()

    def seal(self):
        """Short for everything about this identity: half of the SHA-256 of its identity.json, in hex."""
        return _sha256(self.files.read(self.folder + "/identity.json"))[:32]


def describe(settings, contents):
    """identity.json (bytes) for the files of a slot: {file name: bytes}."""
    return json.dumps({
        "version": _VERSION,
        "name": settings.name,
        "brokers": [{"host": host, "port": port} for host, port in settings.brokers],
        "anchors": sum(1 for file in contents if file.startswith("anchor")),
        "anchors_version": settings.anchors_version,
        "brokers_version": settings.brokers_version,
        "after": settings.after,
        "sha256": {file: _sha256(data) for file, data in contents.items()},
    }).encode()


def read(files, folder):
    """The Identity in a folder, every file checked against its SHA-256, or IdentityDamaged."""
    text = files.read(folder + "/identity.json")
    if text is None:
        raise IdentityDamaged(folder + " has no identity.json")
    try:
        settings, anchors, digests = _parse(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RuntimeError):
        # RuntimeError: nested deeper than the stack
        raise IdentityDamaged(folder + "/identity.json cannot be read")
    for file in ["key.der", "cert.der"] + ["anchor%d.der" % i for i in range(anchors)]:
        data = files.read(folder + "/" + file)
        if data is None or digests.get(file) != _sha256(data):
            raise IdentityDamaged("%s/%s is not the file that was written" % (folder, file))
    return Identity(settings, folder, files, anchors)


def is_name(name):
    """[A-Za-z0-9._-]{1,64}, no leading dot."""
    return 1 <= len(name) <= 64 and name[0] != "." and all(
        "a" <= c <= "z" or "A" <= c <= "Z" or "0" <= c <= "9" or c in "._-" for c in name)


def _parse(record):
    name = record["name"]
    brokers = [(b["host"], b["port"]) for b in record["brokers"]]
    anchors = record["anchors"]
    if record["version"] != _VERSION or not is_name(name) or not 1 <= anchors <= _MAX_ANCHORS:
        raise ValueError
    for host, port in brokers:
        if not isinstance(host, str) or not 1 <= port <= 65535:
            raise ValueError
    # Versions and `after` are the board's own; what the host wrote may lack them.
    versions = record.get("anchors_version", 1), record.get("brokers_version", 0)
    if not isinstance(record["sha256"], dict) or not all(isinstance(v, int) and v >= 0 for v in versions):
        raise ValueError
    return Settings(name, brokers, versions[0], versions[1], record.get("after")), anchors, record["sha256"]


def _sha256(data):
    return str(binascii.hexlify(hashlib.sha256(data).digest()), "ascii")
