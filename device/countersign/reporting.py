"""The State: what a board tells the authority of itself, at every connect until just this has been
acknowledged."""

import binascii

from .identity import sha256
from .messages import ANCHORS_VERSION, BROKERS_VERSION, SIGNER, STATE, encode
from .sealed import sealed, unsealed

_ACKNOWLEDGED = "/slots/acknowledged"
_STATE = "countersign-state"


async def report(life, told):
    """The phase. `told`: what the authority says it has been told, which is something else; None: whether it
    has been told is for flash to say."""
    if life.told is None and (told is not None or not acknowledged(life)):
        from .messages import sign
        from .slices import in_slices
        state = await in_slices(sign(_unsigned(life.current), life.current.key()))
        life.told = sha256(state)
        life.outbox.append(("state", state))
    return "look", None


def acknowledged(life):
    """Half of the digest of the State of the identity in use, when that has been acknowledged, else None;
    kept so that nothing needs to be signed to know it."""
    words = unsealed(life.files.read(_ACKNOWLEDGED), _STATE)
    if not words or len(words) != 2 or words[0] != _short(life.current):
        return None
    try:
        return binascii.unhexlify(words[1])
    except ValueError:
        return None


def acknowledge(life):
    """The authority has dealt with the State that was told."""
    told = str(binascii.hexlify(life.told), "ascii")
    life.files.write(_ACKNOWLEDGED, sealed("%s 1 %s %s " % (_STATE, _short(life.current), told[:32])))


def _short(identity):
    """A quarter of the digest of its State without the signature, in hex."""
    return str(binascii.hexlify(sha256(_unsigned(identity))[:8]), "ascii")


def _unsigned(identity):
    settings = identity.settings
    return encode(STATE, (SIGNER, identity.fingerprint()), (ANCHORS_VERSION, settings.anchors_version),
                  (BROKERS_VERSION, settings.brokers_version))
