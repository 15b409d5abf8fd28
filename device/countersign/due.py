"""When an identity is to be renewed."""

from micropython import const

from .identity import sha256
from .phases import all_done, ask_in
from .x509 import BACKDATED, validity

_LOOK = const(3600)  # seconds after which a date that cannot be read is looked at again


async def due(life, matter):
    """The phase: `matter` is whether a Request waits, and whether there is a candidate."""
    pending, candidate = matter
    ahead = _due_in(life)
    if ahead <= 0 or pending:
        ahead = ask_in(life)
        if ahead <= 0:
            return "request", None
    elif not candidate and life.told is None and not life.settings and not life.put_off:
        from .rest import keep
        keep(life, life.clock.now() + int(ahead))
    life.wait = min(life.wait, ahead)
    all_done(life)
    return None, None


def due_at(identity):
    """Two thirds into its life, and a share of a twelfth of it that the name decides; since 1970."""
    begins, ends = validity(identity.certificate())
    issued = begins + BACKDATED
    share = sha256(identity.name.encode())
    return issued + (ends - issued) * (8 * 65536 + (share[0] << 8 | share[1])) // (12 * 65536)


def _due_in(life):
    """Seconds until the renewal is due."""
    now = life.uptime()
    if life.renew_at is not None:
        return life.renew_at - now
    try:
        ahead = due_at(life.current) - life.clock.now()
    except ValueError:
        return _LOOK
    return max(ahead, life.rest_until - now)
