# What these builds lack and every board has: parts of `os`, an asyncio whose loop is not a browser's; and a
# clock of the test's own, in which waiting takes no time.
import gc
import os
import random
import select
import sys
import time

import _board

environment = {"PORT": "8883", "FIXTURE": "/fixture"}


def run(name):
    """Imports the module; the exit status it asks for is then in /status, 1 for an exception."""
    status = 0
    try:
        __import__(name)
    except SystemExit as e:
        status = e.args[0] if e.args else 0
    except BaseException as e:
        sys.print_exception(e)
        status = 1
    with open("/status", "w") as f:
        f.write(str(status))


# --- os


def _not_here(*ignored):
    import check
    raise check.Skipped("not in these builds")


class _NoFileSystem:
    mkfs = _not_here


os.getenv = environment.get
os.sync = lambda: None
os.urandom = lambda count: bytes(random.getrandbits(8) for _ in range(count))  # seeded by Node's generator
os.system = _not_here
os.VfsLfs2 = os.VfsFat = _NoFileSystem

# --- what with_broker.sh makes, as far as the double of `tls` looks at it

os.mkdir("/fixture")
for _name in ("good.der", "good.key.der", "user1.der", "user1.key.der", "ours.der"):
    with open("/fixture/" + _name, "wb") as _file:
        _file.write(b"\x30\x00")

# --- time: it goes on by itself, and by leaps over what somebody waits for

_time, _leapt = time, 0


def _leap(ms):
    global _leapt
    _leapt += ms


def _in_place_of(module, **others):
    """Not every version lets its own modules be changed."""
    class Double:
        pass

    for name in dir(module):
        setattr(Double, name, others.get(name) or getattr(module, name))
    sys.modules[module.__name__] = Double


_in_place_of(
    time,
    ticks_ms=lambda: _time.ticks_add(_time.ticks_ms(), _leapt),
    sleep_ms=_leap,
    sleep=lambda seconds: _leap(int(seconds * 1000)),
    time=lambda: int(_time.time() + _leapt / 1000) + _board.ahead)

# --- memory: nothing is collected before a file of tests has ended, the heap grows instead, and to count what
# is free of some hundred MB takes long; so a chip's number

_in_place_of(gc, mem_free=lambda: 100000)

# --- asyncio: the version's own, where it has one, but for its loop, which hands tasks to JavaScript, and
# the streams, which it has not got

_ASYNCIO = "/asyncio"


class _Poller:
    """Instead of select.poll(): what is ready now, or a leap to when the first sleeper wakes."""

    def __init__(self):
        poll = select.poll()
        self._poll = poll.poll
        self.register, self.modify, self.unregister = poll.register, poll.modify, poll.unregister

    def ipoll(self, ms):
        ready = self._poll(0)
        if not ready:
            if ms < 0:
                raise AssertionError("everybody waits for a socket, and nobody is left to write to one")
            _leap(ms)
        return ready


class _Select:
    poll = _Poller
    POLLIN, POLLOUT = select.POLLIN, select.POLLOUT


def _own_event_loop():
    sys.path.insert(0, _ASYNCIO + "/asyncio")
    import core
    sys.path[0] = _ASYNCIO
    sys.modules["asyncio.core"] = core
    core.select = _Select
    core.new_event_loop()
    import asyncio
    asyncio.core = core
    path, asyncio.__path__ = asyncio.__path__, _ASYNCIO + "/asyncio"
    import asyncio.stream
    asyncio.start_server = asyncio.stream.start_server
    asyncio.__path__ = path
    sys.path.pop(0)
    del sys.modules["core"]


_own_event_loop()
