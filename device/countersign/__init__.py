"""Countersign on a board: an identity of its own, and MQTT over mutually authenticated TLS.

    import countersign
    countersign.publish_once("temperature", "21.5")      # connect, deliver, disconnect: for boards that sleep

    async def program(client):                           # for boards that stay awake
        client.subscribe("cmd/led", lambda topic, payload: print(payload))
        await client.publish("state", "ON")
    countersign.start(program)
"""

from .errors import CountersignError  # noqa: F401

__version__ = "0.1.0"


def __getattr__(name):
    """Client comes when it is asked for: the radio has taken its memory by then (preparing.py). Modules of
    the package are asked for here as well (`from countersign import board`)."""
    import sys
    module = "countersign." + ("client" if name == "Client" else name)
    __import__(module)
    return sys.modules[module].Client if name == "Client" else sys.modules[module]


def load_identity(root="/"):
    """The Identity in use: .name, .brokers, .slot, .certificate(), .anchors(). IdentityMissing or
    IdentityDamaged."""
    from .files import Files
    from .slots import Slots
    return Slots(Files(root)).active()


def start(program, **options):
    """Wi-Fi, clock and identity, then `async def program(client)` on a client that connects and stays
    connected. `options` are those of Client. Returns when the program does; Ctrl-C ends it."""
    from . import board
    board.start(program, **options)


def publish_once(topic, payload, qos=1, retain=False, timeout=30, say=lambda line: None):
    """Wakes, delivers one message, disconnects. Raises a CountersignError that says why it could not, within
    about `timeout` seconds for the connection on top of what the Wi-Fi takes. The board's "online" status is
    left alone, and commands wait at the broker. A renewal that is due takes a step at each call, and some
    seconds more."""
    from . import board, once
    board.run(once.publish(topic, payload, qos, retain, timeout, say))
