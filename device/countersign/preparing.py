"""The steps from power-on to a client, each said in a line. The radio comes first: its driver takes its
buffers from the memory into which Python's heap would grow. Between two steps what the one before needed is
forgotten.
"""

from .errors import IdentityDamaged
from .link import joining
from .memory import lean, take_names


async def prepare(root, say, patience, options):
    """board.prepare()"""
    take_names()
    ssid, password, first = _settings(root)
    say("Configuration OK (Wi-Fi %s, broker %s:%d)" % ((ssid,) + first))
    say("Wi-Fi OK (%s)" % await _joined(ssid, password))
    lean()

    from .clock import Clock
    from .files import Files
    files = Files(root)
    clock = Clock(files)
    clock.keep_floor()
    say("Clock OK (%s)" % _text(clock.now()))
    lean()

    from .lifecycle import Lifecycle
    # The address in wifi.conf comes first: it is what a person edits by hand.
    lifecycle = Lifecycle(files, clock, first, patience, options.get("log", print))
    identity = _identity(files)
    say("Identity OK (%s, slot %s)" % (identity.name, identity.slot))
    brokers = lifecycle.brokers(identity)
    lean()
    say("Certificate " + _dates(identity, clock))
    lean()

    from .backend import make_context
    from .client import Client
    context = make_context(identity)  # the firmware's own TLS reads it, where a bad key or file shows
    lean()
    return Client(identity, brokers, clock=clock, lifecycle=lifecycle, context=context,
                  network=joining(ssid, password), **options)


def _settings(root):
    from .config import load
    settings = load(root)
    return settings.wifi_ssid, settings.wifi_psw, (settings.server_ip, settings.server_port)


async def _joined(ssid, password):
    from . import wifi
    return await wifi.connect(ssid, password)


def _text(seconds):
    from .dates import text
    return text(seconds)


def _identity(files):
    from .slots import Slots, any_identity
    return any_identity(Slots(files))


def _dates(identity, clock):
    """Until when it is good, judged by the clock as it is."""
    from .x509 import validity
    try:
        begins, ends = validity(identity.certificate())
    except ValueError as e:
        raise IdentityDamaged("cert.der: %s" % e)
    now = clock.now()
    if now > ends:
        return "expired by this board's clock (on %s)" % _text(ends)
    if now < begins:
        return "not valid yet by this board's clock (from %s)" % _text(begins)
    return "OK (until %s)" % _text(ends)
