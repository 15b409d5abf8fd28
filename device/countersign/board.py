"""From power-on to a running client: the steps one by one, each said in a line, as main.py shows them."""

import asyncio
import sys
import time

from . import config, wifi, x509
from .backend import make_context
from .backoff import Backoff
from .client import Client
from .clock import Clock
from .dates import text
from .errors import ConfigInvalid, CountersignError, IdentityDamaged, IdentityMissing
from .files import Files
from .lifecycle import Lifecycle
from .slots import Slots, any_identity

# Where wifi.conf and slots/ are. '/' on a board; a test points it at a folder of its own.
ROOT = "/"


def run(work):
    """asyncio.run() that leaves nothing behind, so that the REPL can start again after Ctrl-C."""
    try:
        return asyncio.run(work)
    finally:
        asyncio.new_event_loop()


async def prepare(say=print, patience=3, **options):
    """Does every step up to the connection and returns a Client; `options` are passed on to it, `patience` is
    that of lifecycle.Lifecycle."""
    settings = config.load(ROOT)
    first = (settings.server_ip, settings.server_port)
    say("Configuration OK (Wi-Fi %s, broker %s:%d)" % ((settings.wifi_ssid,) + first))

    async def network():
        return await wifi.connect(settings.wifi_ssid, settings.wifi_psw)

    say("Wi-Fi OK (%s)" % await network())
    files = Files(ROOT)
    clock = Clock(files)
    clock.keep_floor()
    source = "set by NTP" if clock.ask_ntp() else "no NTP server answered"
    say("Clock OK (%s, %s)" % (text(clock.now()), source))
    # The address in wifi.conf comes first: it is what a person edits by hand.
    lifecycle = Lifecycle(files, clock, first, patience, options.get("log", print))
    identity = any_identity(Slots(files))
    say("Identity OK (%s, slot %s)" % (identity.name, identity.slot))
    say("Certificate OK (until %s)" % _check_certificate(identity))
    return Client(identity, lifecycle.brokers(identity), network=network, clock=clock, lifecycle=lifecycle,
                  **options)


def _check_certificate(identity):
    """The end of its validity. Reads it with the firmware's own TLS too, where a bad key or file shows."""
    make_context(identity)
    try:
        return text(x509.validity(identity.certificate())[1])
    except ValueError as e:
        raise IdentityDamaged("cert.der: %s" % e)


def start(program, client=None, **options):
    """Prepares, connects and runs `async def program(client)` until it returns; then says "offline" and
    disconnects. Ctrl-C ends it and leaves the REPL usable."""
    made = [client]

    async def connected_program():
        if made[0] is None:
            made[0] = await prepare(**options)
        await asyncio.gather(made[0].run(), _then_close(program, made[0]))

    try:
        run(connected_program())
    finally:
        if made[0]:
            made[0].abort()


async def _then_close(program, client):
    try:
        await program(client)
    finally:
        await client.close()


def boot(program):
    """start() for a board nobody looks at: what may pass is tried again, for ever and ever slower. Returns
    when only a person at the board can help, or on Ctrl-C."""
    backoff = Backoff()
    while True:
        try:
            start(program)
            return
        except (ConfigInvalid, IdentityMissing, IdentityDamaged) as e:
            print(e)
            return
        except CountersignError as e:
            print(e)
            permanent = e.permanent
        except KeyboardInterrupt:
            print("Stopped.")
            return
        except Exception as e:  # a fault of the program on top: the next start may go better
            sys.print_exception(e)
            permanent = False
        try:
            pause = backoff.next_ms(permanent)
            print("Next try in %d s." % ((pause + 999) // 1000))
            time.sleep_ms(pause)
        except KeyboardInterrupt:
            print("Stopped.")
            return
