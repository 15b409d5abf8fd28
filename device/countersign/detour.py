"""What a board tries when its identity does not connect, by the identity's own fault: the candidate and the
birth certificate."""

from micropython import const

from . import errors
from .renewal import Renewal

_LAST_PAUSE = const(86400)


async def next_try(life, client, fault):
    """After a connection that failed by the identity's own fault, or while a candidate was to be proven."""
    if life.proving:
        _give_back(life, fault)
        return False
    life.refusals += 1
    if life.refusals < life.patience and fault.code not in ("E-IDENTITY-DAMAGED", "E-IDENTITY-MISSING"):
        return False
    # A candidate and the birth certificate take turns, so that neither can stand in the other's way.
    slots = Renewal(life.files, life.clock).slots
    life.tried_candidate = not life.tried_candidate and slots.candidate() is not None
    life.proving = life.tried_candidate or await _renew_by_birth(life, slots.birth(), client)
    return life.proving


def _give_back(life, fault):
    """The candidate did not connect: the identity before it goes on."""
    life.proving = False
    life.prove_at = life.uptime() + life.pause
    life.pause = min(life.pause * 2, _LAST_PAUSE)
    # Memory is another after the restart that follows (client.py); not for ever, though.
    if not fault.permanent and fault.code != "E-BOARD-MEMORY":
        life.log("The new identity could not be proven yet; the one before it goes on.")
    elif Renewal(life.files, life.clock).refused():
        life.log("The new identity was refused; the one before it goes on.")
    else:
        life.log("The new identity was refused for the last time and is given up.")


async def _renew_by_birth(life, birth, client):
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
