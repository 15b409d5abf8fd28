"""The steps from power-on to a client, each said in a line. The radio comes first: its driver takes its buffers from
the memory into which Python's heap would grow."""

from . import config, wifi
from .dates import text
from .errors import IdentityDamaged
from .link import joining
from .memory import lean


async def prepare(root, say, patience, options):
    """board.prepare()"""
    settings = config.load(root)
    first = (settings.server_ip, settings.server_port)
    say("Configuration OK (Wi-Fi %s, broker %s:%d)" % ((settings.wifi_ssid,) + first))
    say("Wi-Fi OK (%s)" % await wifi.connect(settings.wifi_ssid, settings.wifi_psw))

    from .backend import make_context
    from .client import Client
    from .clock import Clock
    from .files import Files
    from .lifecycle import Lifecycle
    from .slots import Slots, any_identity
    files = Files(root)
    clock = Clock(files)
    clock.keep_floor()
    say("Clock OK (%s)" % text(clock.now()))
    # The address in wifi.conf comes first: it is what a person edits by hand.
    lifecycle = Lifecycle(files, clock, first, patience, options.get("log", print))
    identity = any_identity(Slots(files))
    say("Identity OK (%s, slot %s)" % (identity.name, identity.slot))
    context = make_context(identity)  # the firmware's own TLS reads it, where a bad key or file shows
    say("Certificate " + _dates(identity, clock))
    client = Client(identity, lifecycle.brokers(identity), clock=clock, lifecycle=lifecycle, context=context,
                    network=joining(settings.wifi_ssid, settings.wifi_psw), **options)
    lean()
    return client


def _dates(identity, clock):
    """Until when it is good, judged by the clock as it is."""
    from . import x509
    try:
        begins, ends = x509.validity(identity.certificate())
    except ValueError as e:
        raise IdentityDamaged("cert.der: %s" % e)
    now = clock.now()
    if now > ends:
        return "expired by this board's clock (on %s)" % text(ends)
    if now < begins:
        return "not valid yet by this board's clock (from %s)" % text(begins)
    return "OK (until %s)" % text(ends)
