"""Asking the authority for a certificate, in three phases: what waits in flash, a key, the Request.

On an ESP32-C3 a key takes 0.3 s, the Request 0.6 s.
"""

from .identity import sha256
from .phases import ask
from .slices import in_slices


async def request(talk, _):
    """Publishes the Request that waits, or has one made. What was in the free slot is given up for a new
    one."""
    from .renewal import Renewal
    renewal = Renewal(talk.files, talk.clock)
    pending = renewal.pending()
    if not pending:
        return "key", renewal.slots.clear_free()
    from .messages import SIGNER, decode
    key, message = pending
    if decode(message)[1][SIGNER] != talk.current.fingerprint():
        return "sign", (renewal.folder(), key)
    ask(talk, message)
    return talk.home, None


async def new_key(talk, folder):
    from .making import make
    key = await in_slices(make(talk.current.key()))
    talk.files.write(folder + "/key.der", key)
    return "sign", (folder, key)


async def sign(talk, matter):
    ask(talk, await in_slices(_signed(talk, *matter)))
    return talk.home, None


def _signed(talk, folder, key):
    """Work: the Request for a key in the free slot's folder, kept there."""
    from .counter import requests_of
    from .making import request
    from .messages import NUMBER, PKCS10, REQUEST, SIGNER, encode, sign
    signer = talk.current
    used = requests_of(talk.files, signer.folder)
    used.set(used.value + 1)
    yield
    pkcs10 = yield from request(key, signer.name)
    message = yield from sign(
        encode(REQUEST, (SIGNER, signer.fingerprint()), (NUMBER, used.value), (PKCS10, pkcs10)), signer.key())
    data = talk.clock.now().to_bytes(8, "big") + message
    talk.files.write(folder + "/request", data + sha256(data))
    return message
