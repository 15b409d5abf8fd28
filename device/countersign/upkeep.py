"""What is to be done now for the identity of a board: the phases of lifecycle.Lifecycle that decide."""

from micropython import const

from .lifecycle import FIRST_PAUSE
from .phases import all_done, ask_again, clear_request
from .renewal import Renewal

_LOOK = const(3600)  # seconds after which a date that lies ahead is looked at again


async def flip(life, _):
    """The candidate has connected: it is the identity from here on."""
    Renewal(life.files, life.clock).flip(life.current)
    life.proving = False
    if life.renew_at is not None:
        life.renewed_at = life.uptime()
        life.renew_at = None
    ask_again(life)
    clear_request(life)
    life.pause = FIRST_PAUSE
    from .x509 import BACKDATED, validity
    begins, ends = validity(life.current.certificate())
    # With a clock that is ahead the new certificate may be due at once, again and again.
    life.rest_until = life.uptime() + min(_LOOK, (ends - begins - BACKDATED) // 3)
    from .dates import text
    life.log("The new identity is in use (slot %s, until %s)" % (life.current.slot, text(ends)))
    return "report", None


async def look(life, _):
    """What comes next."""
    renewal = Renewal(life.files, life.clock)
    life.clock.tend()
    now = life.uptime()
    candidate = renewal.slots.candidate()
    if candidate and now >= life.prove_at:
        life.proving = life.leaving = True
        life.wait = 0
        return None, None
    pending = renewal.pending() is not None
    renewed = candidate is not None and candidate.fingerprint() != life.current.fingerprint()
    # Anchors and brokers wait while a Request does, unless the authority has put that off.
    if life.settings and not renewed and (life.put_off or not pending):
        return "settings", None
    life.wait = min(_LOOK, max(1, life.clock.ntp_in()))
    if candidate:
        life.wait = min(life.wait, life.prove_at - now)
    if not renewed:
        return "due", (pending, candidate is not None)
    all_done(life)
    return None, None
