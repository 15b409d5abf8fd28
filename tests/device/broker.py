"""The real Mosquitto of with_broker.sh, and boards that know it."""

import asyncio
import os
import time

from countersign.client import Client
from countersign.files import Files
from countersign.slots import Slots

FIXTURE = os.getenv("FIXTURE")
PORT = int(os.getenv("PORT") or 0)
# The listeners, by what is wrong with their certificates.
GOOD, EXPIRED, NOT_YET, OTHER_NAME, STRANGER = range(PORT, PORT + 5)

_script = os.getenv("BROKER")
_count = 0


def command(line):
    """One of the commands of with_broker.sh."""
    if os.system(_script + " " + line):
        raise AssertionError("%s failed; broker log in %s" % (line, FIXTURE))


def fresh(name):
    """A path nobody has used yet."""
    global _count
    _count += 1
    return "%s/%s%d" % (FIXTURE, name, _count)


def read(path):
    try:
        with open(path, "rb") as f:
            return f.read()
    except OSError:
        return b""


def board(certificate="user1", anchors=("ours",), root=None):
    """The Identity of a new board with one of the fixture's certificates."""
    root = root or fresh("board")
    os.mkdir(root)
    contents = {"key.der": read(FIXTURE + "/" + certificate + ".key.der"),
                "cert.der": read(FIXTURE + "/" + certificate + ".der")}
    for i, anchor in enumerate(anchors):
        contents["anchor%d.der" % i] = read("%s/%s.der" % (FIXTURE, anchor))
    slots = Slots(Files(root))
    slots.activate(slots.write(contents, "user1", [("127.0.0.1", GOOD)]))
    return slots.active()


class NoWait:
    """A back-off that lets tests get on."""

    def lived(self, ms):
        pass

    def next_ms(self, permanent=False):
        return 20


class running:
    """async with running(client): connected at the beginning, closed at the end."""

    def __init__(self, client):
        self._client = client

    async def __aenter__(self):
        self._task = asyncio.create_task(self._client.run())
        await asyncio.wait_for(self._client.wait_connected(), 20)
        return self._client

    async def __aexit__(self, *fault):
        await self._client.close()
        await self._task


def new_client(identity=None, **options):
    lines = []
    options.setdefault("backoff", NoWait())
    client = Client(identity or board(), log=lines.append, **options)
    client.lines = lines
    return client


def listen(*arguments):
    """Starts mosquitto_sub, subscribed on return; the path its output goes to."""
    path = fresh("heard")
    command("sub %s %s" % (path, " ".join(arguments)))
    return path


def heard(path):
    """The messages mosquitto_sub printed, without its own talk."""
    lines = str(read(path), "utf-8").split("\n")
    own = ("Client ", "Subscribed ", "Connection error", "Error: ", "OpenSSL Error")
    return [line for line in lines if line and not line.startswith(own)]


async def until(condition, what, seconds=20):
    start = time.ticks_ms()
    while not condition():
        if time.ticks_diff(time.ticks_ms(), start) > seconds * 1000:
            raise AssertionError("waited %d s for %s" % (seconds, what))
        await asyncio.sleep_ms(10)
