"""A Command of the authority (docs/protocol.md, Commands)."""

from micropython import const

from .identity import sha256
from .messages import ACKNOWLEDGED, ANCHORS, BROKERS, BROKERS_VERSION, COMMAND, RENEW, decode
from .phases import not_taken
from .reporting import acknowledge, acknowledged

_OBEY = const(60)  # seconds from a renewal that a Command asked for to the next


async def obey(life, data):
    """The phase."""
    try:
        kind, fields = decode(data)
        if kind != COMMAND:
            raise ValueError("not a command")
    except ValueError as e:
        not_taken(life, e)
        return "look", None
    life.heard = sha256(data)[:16]
    if fields.get(RENEW) == life.current.fingerprint() and life.renew_at is None:
        _renew(life)
    if ANCHORS in fields or BROKERS in fields or BROKERS_VERSION in fields:
        life.settings = fields
    told = fields.get(ACKNOWLEDGED, b"")
    if life.told is None:
        # Else the authority has forgotten: a registry from a backup.
        return "look" if acknowledged(life) == told[:16] else "report", told
    if told == life.told:
        acknowledge(life)
        life.told = None
    return "look", None


def _renew(life):
    now = life.uptime()
    life.renew_at = now if life.renewed_at is None else max(now, life.renewed_at + _OBEY)
    ahead = life.renew_at - now
    life.log("The authority asks for a renewal." + (" It begins in %d s." % ahead if ahead else ""))
