"""From an identity and a list of addresses to a broker that has accepted us, or the fault that tells most."""

import gc

from . import errors
from .backend import backend
from .connection import within
from .memory import lean


async def dial(client):
    """Leaves the client with a connection."""
    if client._network:
        await client._network()
    identity = client._identity
    if client._context is None or client._changed:
        _new_context(client, identity)
        if client._remember:
            backend.remember(client._context, identity.files)
    will = (client.topic("status"), b"offline", 1, True) if client._announce else None
    await _at_floor_too(client, (identity.user, client._keepalive, client._clean, will))
    if client._announce:
        # QoS 0 is enough: it is lost only together with the connection, and then the last will speaks.
        await client._backend.publish(client.topic("status"), b"online", 0, True)
    client.fault = None
    client._up.set()
    client._log("Connected to %s:%d as %s" % (client._brokers[0] + (identity.user,)))


def _new_context(client, identity):
    """In the place of the old one: firmware needs 2 kB in one piece for it."""
    def drop():
        client._context = None
        gc.collect()

    from .backend import make_context
    client._context = make_context(identity, drop)
    client._changed = False


async def _at_floor_too(client, hello):
    """The clock may have fallen back while the board ran: never below what is proven. Or it may have been
    sent ahead: after "expired" one more try at the newest proven time."""
    clock = client._clock
    clock.before_connection()
    try:
        await _first_that_answers(client, hello)
    except errors.CountersignError as e:
        ahead = e.code == "E-CERT-EXPIRED" and not e.own and clock.step_back_to_floor()
        if not ahead:
            raise
        try:
            await _first_that_answers(client, hello)
        except BaseException:
            clock.step_forward(ahead)
            raise


async def _first_that_answers(client, hello):
    """The first broker that lets us in; it stays at the front of the list. Or the fault that tells most: a
    refusal of our own certificate more than anything, and any answer more than silence."""
    brokers = client._brokers
    worst = None
    for left in range(len(brokers) - 1, -1, -1):
        try:
            # Each has a deadline of its own: the others are not to pay for one that is silent.
            return await within(client._deadline_ms, _connect(client, brokers[0], hello), "CONNACK")
        except errors.CountersignError as e:
            if client._backend.connection:
                client._backend.connection.stop()
                client._backend.connection = None
            if worst is None or _weight(e) > _weight(worst):
                worst = e
            brokers.append(brokers.pop(0))
            if left:
                client._log("%s Next in the list: %s:%d." % ((e,) + brokers[0]))
    raise worst


async def _connect(client, address, hello):
    lean()  # the handshake needs some 40 kB of the firmware's memory, in large pieces
    link = await client._backend.dial(address[0], address[1], client._context, hello)
    client._backend.connect(link, hello)
    await client._backend.connection.established()


def _weight(fault):
    return fault.own, fault.code not in ("E-BROKER-SILENT", "E-BROKER-UNREACHABLE")


def explained(client, fault):
    """Stock firmware does not tell why a broker ended the handshake; our own certificate's dates may."""
    if isinstance(fault, MemoryError):
        return errors.NoMemory(str(fault))
    if fault.own and fault.code in ("E-BROKER-REFUSED", "E-CERT-EXPIRED"):
        from . import x509
        from .dates import text
        try:
            begins, ends = x509.validity(client._identity.certificate())
        except ValueError:
            return fault
        now = client._clock.now()
        if now > ends or fault.code == "E-CERT-EXPIRED":
            fault = errors.CertExpired("this board's own, on " + text(ends))
            fault.own = True
        elif now < begins:
            fault = errors.CertNotYet("this board's own, which begins " + text(begins))
    if fault.code in ("E-CERT-EXPIRED", "E-CERT-NOT-YET"):
        client._clock.doubt()
    return fault
