"""What is to be done for the identity of a board, a step at a time; lifecycle.py has the time in between."""

from binascii import hexlify

from micropython import const

from . import errors
from .conversation import ask, clear_request, put_off_no_longer, take_certificate
from .lifecycle import FIRST_PAUSE
from .messages import ACKNOWLEDGED, ANCHORS, BROKERS_VERSION, COMMAND, RENEW, decode, digest
from .renewal import BACKDATED, Renewal
from .rest import keep
from .slices import in_slices
from .x509 import Certificate

_LOOK = const(3600)  # seconds after which a date that lies ahead is looked at again
_LAST_PAUSE = const(86400)
_OBEY = const(60)  # seconds from a renewal that a Command asked for to the next


async def next_try(life, client, fault):
    """After a connection that failed by the identity's own fault, or while a candidate was to be proven."""
    if life.proving:
        _give_back(life, fault)
        return False
    life.refusals += 1
    if life.refusals < life.patience and fault.code not in ("E-IDENTITY-DAMAGED", "E-IDENTITY-MISSING"):
        return False
    # A candidate and the birth certificate take turns, so that neither can stand in the other's way.
    renewal = Renewal(life.files, life.clock)
    life.tried_candidate = not life.tried_candidate and renewal.slots.candidate() is not None
    life.proving = life.tried_candidate or await _renew_by_birth(life, renewal, client)
    return life.proving


def _give_back(life, fault):
    """The candidate did not connect: the identity before it goes on."""
    life.proving = False
    life.prove_at = life.uptime() + life.pause
    life.pause = min(life.pause * 2, _LAST_PAUSE)
    if not fault.permanent:
        life.log("The new identity could not be proven yet; the one before it goes on.")
    elif Renewal(life.files, life.clock).refused():
        life.log("The new identity was refused; the one before it goes on.")
    else:
        life.log("The new identity was refused for the last time and is given up.")


async def _renew_by_birth(life, renewal, client):
    birth = renewal.slots.birth()
    if not birth:
        return False
    from .birth import Errand
    life.log("The working certificate does not connect: asking for another with the birth certificate.")
    errand = Errand(life, birth)
    helper = _helper(life, client, birth, errand)
    try:
        await helper.run(retry=False)
    except errors.CountersignError as e:
        life.log(str(e))
    finally:
        helper.abort()
    return errand.done


def _helper(life, client, birth, errand):
    """A second client on the same network and clock, to run while this one is not connected."""
    from .client import Client
    return Client(birth, life.brokers(birth), announce=False, clean_session=True, receive_limit=0,
                  deadline=client._deadline_ms // 1000, network=client._network, clock=life.clock,
                  log=life.log, lifecycle=errand)


async def turn(life, message):
    """Does what is to be done now, beginning with a message (level, payload) that has come; the seconds until
    there may be more."""
    renewal = Renewal(life.files, life.clock)
    if message:
        await _read(life, renewal, message)
    else:
        if life.proving:
            _flip(life, renewal)
            clear_request(life)
        if life.told is None and not renewal.acknowledged(life.current):
            await _report(life, renewal)
    wait = 0
    while not wait and not life.leaving:
        wait = await _step(life, renewal)
    if life.ask_at is not None and life.told is None and not life.leaving:
        life.rest()
    return wait


async def _step(life, renewal):
    """One step. 0: look again at once."""
    life.clock.tend()
    now = life.uptime()
    candidate = renewal.slots.candidate()
    if candidate and now >= life.prove_at:
        life.proving = life.leaving = True
        return 0
    renewed = candidate is not None and candidate.fingerprint() != life.current.fingerprint()
    if not renewed and life.settings and await _take_settings(life, renewal):
        return 0
    wait = min(_LOOK, max(1, life.clock.ntp_in()))
    if candidate:
        wait = min(wait, life.prove_at - now)
    if renewed:
        return wait
    ahead = _due_in(life, renewal, now)
    if ahead <= 0 or renewal.pending():
        return min(wait, await ask(life, renewal, life.current))
    if not candidate and life.told is None and not life.settings and not life.put_off:
        keep(life, life.clock.now() + int(ahead))
    return min(wait, ahead)


def _due_in(life, renewal, now):
    """Seconds until the renewal is due."""
    if life.renew_now:
        return 0 if life.renewed_at is None else life.renewed_at + _OBEY - now
    try:
        ahead = renewal.due_at(life.current) - life.clock.now()
    except ValueError:
        return _LOOK
    return max(ahead, life.rest_until - now)


async def _take_settings(life, renewal):
    """Whether a Command's anchors or brokers have become a candidate. They wait while a request does,
    unless the authority has put that off."""
    if renewal.pending() and not life.put_off:
        return False
    settings, life.settings = life.settings, None
    try:
        return await in_slices(renewal.changed(settings, life.current))
    except ValueError as e:
        life.log("Anchors or brokers were not taken: %s" % e)
        return False


async def _read(life, renewal, message):
    level, data = message
    try:
        if level == "certificate":
            await take_certificate(life, renewal, data, life.current)
        else:
            await _obey(life, renewal, data)
    except ValueError as e:
        life.log("A message of the authority was not taken: %s" % e)


async def _obey(life, renewal, data):
    kind, fields = decode(data)
    if kind != COMMAND:
        raise ValueError("not a command")
    life.heard = data
    acknowledged = fields.get(ACKNOWLEDGED, b"")
    if life.told is None:
        known = renewal.acknowledged(life.current)
        if known != str(hexlify(acknowledged), "ascii")[:32]:
            await _report(life, renewal)  # the authority has forgotten: a registry from a backup
    elif acknowledged == life.told:
        renewal.acknowledge(life.current, life.told)
        life.told = None
    if fields.get(RENEW) == life.current.fingerprint() and not life.renew_now:
        life.renew_now = True
        ahead = _due_in(life, renewal, life.uptime())
        life.log("The authority asks for a renewal." + (" It begins in %d s." % ahead if ahead > 0 else ""))
    if ANCHORS in fields or BROKERS_VERSION in fields:
        life.settings = fields


async def _report(life, renewal):
    """The State, at every connect until just this one has been acknowledged."""
    state = await in_slices(renewal.state(life.current))
    life.told = digest(state)
    life.outbox.append(("state", state))


def _flip(life, renewal):
    renewal.flip(life.current)
    life.proving = False
    if life.renew_now:
        life.renewed_at = life.uptime()
    life.renew_now = False
    put_off_no_longer(life)
    life.pause = FIRST_PAUSE
    certificate = Certificate(life.current.certificate())
    # With a clock that is ahead the new certificate may be due at once, again and again.
    span = certificate.not_after - certificate.not_before - BACKDATED
    life.rest_until = life.uptime() + min(_LOOK, span // 3)
    from .dates import text
    until = text(certificate.not_after)
    life.log("The new identity is in use (slot %s, until %s)" % (life.current.slot, until))
