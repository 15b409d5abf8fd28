"""Enrolment over the cable: the host's `load` calls these in the raw REPL (docs/protocol.md). No key leaves
the board.

New keys stay in /slots/new until certificates for both have come, so what the board is until then goes on
working, and the same `load` finishes after any interruption. Two keys and two requests: 1.1 s on an ESP32-C3.
"""

import binascii
import json

from . import entropy
from .backend import backend
from .errors import CountersignError
from .files import Files
from .identity import Settings
from .keys import public_key
from .making import make
from .making import request as key_request
from .slices import at_once
from .slot_files import is_name
from .slots import BIRTH, Slots
from .x509 import Certificate

# Where the host puts working.der, birth.der, anchor0.der, …, brokers.json.
FOLDER = "/slots/enrol"
_NEW = "/slots/new"
_ROLES = ("working", "birth")
_MAX_ANCHORS = 6


def request(name, seed, files=None):
    """Prints the chip's number and a request for each role, with the keys of an earlier call for this name if
    they are still there. `seed`: 32 bytes of the host's randomness in hex."""
    seed = binascii.unhexlify(seed)
    if len(seed) != 32 or not is_name(name):
        raise ValueError("a name and 32 bytes are needed")
    files = files or Files("/")
    made = _keys_for(files, name)
    if not made:
        made = [at_once(make(seed + role.encode())) for role in _ROLES]
        files.make_folder("/slots")
        files.make_folder(_NEW)
        files.remove(_NEW + "/name")
        for role, key in zip(_ROLES, made):
            files.write("%s/%s.key" % (_NEW, role), key)
        files.write(_NEW + "/name", name.encode())
    print("CS-CHIP " + _hex(entropy.chip_id()))
    for role, key in zip(_ROLES, made):
        print("CS-REQUEST %s %s" % (role, _hex(at_once(key_request(key, name)))))


def accept(folder=FOLDER, files=None):
    """Makes the birth slot and the free slot whole out of the new keys and what the host put into `folder`,
    flips to the latter, and prints its name. ValueError says what does not fit; nothing has been changed
    then."""
    files = files or Files("/")
    made = _keys_for(files, None)
    if not made:
        raise ValueError("CS-KEY there are no new keys on this board")
    name = str(files.read(_NEW + "/name"), "ascii")
    anchors = _anchors(files, folder)
    settings = _settings(files, folder, name)
    contents = []
    for role, key in zip(_ROLES, made):
        certificate = _certificate(files, "%s/%s.der" % (folder, role), key, name)
        identity = {"key.der": key, "cert.der": certificate}
        for i, anchor in enumerate(anchors):
            identity["anchor%d.der" % i] = anchor
        _try(key, certificate, anchors)
        contents.append(identity)

    slots = Slots(files)
    at_once(slots.fill(BIRTH, contents[1], settings))
    free = slots.clear_free()
    working = at_once(slots.fill(free, contents[0], settings))
    slots.activate(working.slot)
    # The name first: without it the keys count for nothing.
    for path in ["/name"] + ["/%s.key" % role for role in _ROLES]:
        files.remove(_NEW + path)
    names = ["%s.der" % role for role in _ROLES] + ["anchor%d.der" % i for i in range(len(anchors))]
    for path in names + ["brokers.json"]:
        files.remove(folder + "/" + path)
    print("CS-ENROLLED " + working.slot)


def _keys_for(files, name):
    """The new keys, if they are whole and for this name (None: whichever)."""
    there = files.read(_NEW + "/name")
    made = [files.read("%s/%s.key" % (_NEW, role)) for role in _ROLES]
    if not there or None in made or name not in (None, str(there, "ascii")):
        return None
    return made


def _certificate(files, path, key, name):
    der = files.read(path)
    try:
        certificate = Certificate(der or b"")
        if certificate.spki == public_key(key) and certificate.names(name):
            return der
    except ValueError:
        pass
    raise ValueError("CS-CERT " + path)


def _anchors(files, folder):
    found = []
    while len(found) < _MAX_ANCHORS:
        anchor = files.read("%s/anchor%d.der" % (folder, len(found)))
        if anchor is None:
            break
        found.append(anchor)
    if not found:
        raise ValueError("CS-CERT %s/anchor0.der" % folder)
    return found


def _settings(files, folder, name):
    try:
        record = json.loads(files.read(folder + "/brokers.json") or b"")
        brokers = [(b["host"], b["port"]) for b in record["brokers"]]
        return Settings(name, brokers, record.get("anchors_version", 1), record.get("brokers_version", 0))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ValueError("CS-BROKERS %s/brokers.json" % folder)


def _try(key, certificate, anchors):
    """The firmware's own TLS reads it all."""
    try:
        backend.context_of(certificate, key, anchors)
    except CountersignError as e:
        raise ValueError("CS-CERT %s" % e)


def _hex(data):
    return str(binascii.hexlify(data), "ascii")
