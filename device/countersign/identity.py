"""Who this board is: the name, the certificate, whom it trusts and where the broker is."""

import binascii
import hashlib
import json

from .errors import IdentityDamaged

_VERSION = 1
_MAX_ANCHORS = 8


class Identity:
    """One whole slot. The key stays in its file until TLS asks for it: what is not in RAM cannot leak."""

    def __init__(self, name, brokers, folder, files, anchor_count):
        self.name = name
        self.brokers = brokers  # [(host, port), …] in the order to try them
        self.slot = folder[-1:]
        self._folder = folder
        self.files = files
        self._anchor_count = anchor_count

    def key(self):
        return self.files.read(self._folder + "/key.der")

    def certificate(self):
        return self.files.read(self._folder + "/cert.der")

    def anchors(self):
        return [self.files.read(self._folder + "/anchor%d.der" % i) for i in range(self._anchor_count)]


def describe(name, brokers, contents):
    """identity.json (bytes) for the files of a slot: {file name: bytes}."""
    return json.dumps({
        "version": _VERSION,
        "name": name,
        "brokers": [{"host": host, "port": port} for host, port in brokers],
        "anchors": sum(1 for file in contents if file.startswith("anchor")),
        "sha256": {file: _sha256(data) for file, data in contents.items()},
    }).encode()


def read(files, folder):
    """The Identity in a folder, every file checked against its SHA-256, or IdentityDamaged."""
    text = files.read(folder + "/identity.json")
    if text is None:
        raise IdentityDamaged(folder + " has no identity.json")
    try:
        name, brokers, anchors, digests = _parse(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RuntimeError):
        # RuntimeError: nested deeper than the stack
        raise IdentityDamaged(folder + "/identity.json cannot be read")
    for file in ["key.der", "cert.der"] + ["anchor%d.der" % i for i in range(anchors)]:
        data = files.read(folder + "/" + file)
        if data is None or digests.get(file) != _sha256(data):
            raise IdentityDamaged("%s/%s is not the file that was written" % (folder, file))
    return Identity(name, brokers, folder, files, anchors)


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
    if not isinstance(record["sha256"], dict):
        raise ValueError
    return name, brokers, anchors, record["sha256"]


def _sha256(data):
    return str(binascii.hexlify(hashlib.sha256(data).digest()), "ascii")
