"""One connection, from the handshake to its end: the tasks that keep it going, of which each can end it. What
they do is the backend's."""

import asyncio

from . import errors


class Reconnect(Exception):
    """The connection has been ended on purpose: the next one is to follow at once."""


class Connection:
    # How often the line is looked at, and how long a QoS 1 message may stay unanswered before it is doubted.
    look_ms = 5000

    def __init__(self):
        self.up = False  # the broker has accepted us, and nothing has gone wrong yet
        self._error = None
        self._leaving = False
        self._turn = asyncio.Event()  # up or failed: look which
        self._moved = asyncio.Event()  # something has been written, or never will be
        self._tasks = []

    async def established(self):
        """Returns when the broker has accepted us."""
        await self._settled()

    async def ended(self):
        """Raises the CountersignError that ended the connection."""
        await self._settled()

    def run(self, work):
        """A coroutine beside the connection, which ends with it; its fault ends the connection."""
        self._tasks.append(asyncio.create_task(self._guard(work)))

    async def leave(self, farewell):
        """Ends it with Reconnect after `farewell`, at whose end the broker may be the first to hang up."""
        self._leaving = True
        await farewell
        self._fail(Reconnect())

    def close(self):
        """At once, outside of asyncio too."""
        self.up = False
        self._hang_up()
        self._moved.set()

    def stop(self):
        """Ends the tasks as well."""
        for task in self._tasks:
            task.cancel()
        self.close()

    def _accepted(self):
        self.up = True
        self._turn.set()

    async def _motion(self):
        self._moved.clear()
        await self._moved.wait()

    async def _settled(self):
        await self._turn.wait()
        self._turn.clear()
        if self._error:
            raise self._error

    async def _guard(self, work):
        """The first fault of any task ends the connection."""
        try:
            await work
        except (OSError, ValueError) as e:
            self._fail(errors.ConnectionLost(str(e)))
        except MemoryError as e:
            self._fail(errors.NoMemory(str(e)))
        except errors.CountersignError as e:
            self._fail(e)

    def _fail(self, error):
        if not self._error:
            self._error = Reconnect() if self._leaving else error
        self.up = False
        self._turn.set()
        self._moved.set()


async def within(ms, work, what):
    try:
        return await asyncio.wait_for_ms(work, ms)
    except asyncio.TimeoutError:
        raise errors.BrokerSilent("no %s within %d ms" % (what, ms))
