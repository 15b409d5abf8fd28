"""A folder that is a whole identity: identity.json, and the files whose digests it names."""

import json

from .errors import IdentityDamaged
from .identity import Identity, Settings, sha256_hex

_VERSION = 1
_MAX_ANCHORS = 8
# Bytes, since each character of a string by itself would be a string that stays in memory.
_IN_NAMES = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"


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
        "sha256": {file: sha256_hex(data) for file, data in contents.items()},
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
        if data is None or digests.get(file) != sha256_hex(data):
            raise IdentityDamaged("%s/%s is not the file that was written" % (folder, file))
    return Identity(settings, folder, files, anchors)


def is_name(name):
    """[A-Za-z0-9._-]{1,64}, no leading dot."""
    return 1 <= len(name) <= 64 and name[0] != "." and all(c in _IN_NAMES for c in name.encode())


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
