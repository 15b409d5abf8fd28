"""/slots/rest: that all is done for an identity until a date, and the Command that said nothing new. With it
a board comes back on the line without looking into anything else.

    countersign-rest 1 <seal of the identity> <seconds since 1970> <half of the Command's SHA-256, in hex>
    <crc32>
"""

import binascii

from micropython import const

from .identity import sha256
from .sealed import sealed, unsealed

_PATH = "/slots/rest"
_MAGIC = "countersign-rest"
_LOOK = const(3600)  # seconds after which a date that lies ahead is looked at again


def seconds(life, message):
    """How long there is nothing to do; None when that is not known."""
    words = unsealed(life.files.read(_PATH), _MAGIC)
    if life.proving or life.renew_at is not None or not words or len(words) != 3:
        return None
    if words[0] != life.current.seal():
        return None
    if message and (message[0] != "command" or _hex(sha256(message[1])[:16]) != words[2]):
        return None
    ahead = int(words[1]) - life.clock.now()
    return None if ahead <= 0 else min(ahead, _LOOK)


def keep(life, until):
    """There is nothing to do before `until`."""
    line = sealed("%s 1 %s %d %s " % (_MAGIC, life.current.seal(), until, _hex(life.heard)))
    if life.files.read(_PATH) != line:
        life.files.write(_PATH, line)


def end(files):
    """There is something to do from here on."""
    files.remove(_PATH)


def _hex(data):
    return str(binascii.hexlify(data), "ascii")
