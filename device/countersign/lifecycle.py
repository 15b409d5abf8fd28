"""Keeps the identity of a board alive while its client runs: renews in time, proves what is new before it
counts, tells the authority, and comes back in with the birth certificate when the working one is over.

The client asks identity() before every connection, lets between() work, runs serve() on the connection and
tells failed() how it ended. Here is what waits; what is then to be done is in phases, which are forgotten in
between.
"""

import asyncio

from micropython import const

from . import errors
from .memory import collect_often, has_room, lean, settled
from .uptime import Uptime

FIRST_PAUSE = const(30)  # seconds after a candidate has failed; doubled each time
# Bytes that must be free for a turn beside a connection: on stock firmware a phase takes up to 24 kB, in
# pieces of up to 1 kB. With less, Python's heap would grow into the memory of TLS and Wi-Fi: the connection
# is given up for the moment.
_ROOM = const(26000)
_LATER = const(3600)  # seconds until a turn that failed is tried again


class Conversation:
    """With the authority, on one connection at a time, whichever certificate it came with. `user` is the name
    the board connects under. Whatever arrives is looked at in turns, with a message (level, payload) or
    without. A turn is a chain of phases (phases.py), which begins with what begins(message) names; they put
    what is to be published into `outbox`, and set `wait`, or `leaving` when the next connection is to follow
    at once."""

    def __init__(self, files, clock, user, uptime, log):
        self.files = files
        self.clock = clock
        self.user = user
        self.uptime = uptime
        self.log = log
        self.current = None  # the Identity of this connection
        self.proving = False  # it is a candidate
        self.inbox = {}  # by topic: only the newest state of each counts
        self.outbox = []  # (last level of the topic, payload)
        self.came = asyncio.Event()
        self.subscriptions = ()
        self.ask_at = 0  # when to publish the Request; None: it has been, and the answer is awaited
        self.told = None  # digest of the State that was sent
        self.done = False  # an answer has become a candidate
        self.put_off = False  # there was an answer, but no certificate to use
        self.resting = asyncio.Event()
        self.leaving = False
        self.cramped = False  # the turn that is due waits for the end of the connection
        self.kept = False  # what a turn before the connection has put into `outbox` is still to be said
        self.wait = None  # seconds until the next turn; None: it is due
        self.message = None  # what it begins with

    def attach(self, client):
        """Once for a client, before it connects."""
        self.subscriptions = [client.subscribe(self.topic(level), self._take)
                              for level in ("certificate", "command")]

    def begin(self):
        """Before every connection. Retained messages come once for each SUBSCRIBE, so it is sent again."""
        for subscription in self.subscriptions:
            subscription.want()
        self.inbox.clear()
        self.resting.clear()
        self.leaving = False
        self.wait = None
        if not (self.cramped or self.kept):
            self.outbox.clear()
            self.message = None
            if not self.put_off:
                self.ask_at = 0

    async def ready(self):
        """The broker has granted both subscriptions; SubscriptionRefused."""
        for subscription in self.subscriptions:
            await subscription.ready()

    async def between(self):
        """Before a connection: a turn for which there was no room beside one. Whether the identity is still
        the one to connect with."""
        if self.cramped:
            self.cramped = False
            await self._one_turn()
            self.kept = not self.leaving
        return not self.leaving

    async def next_identity(self):
        """For the next connection, after what there is to do before it; None ends the client."""
        identity = self.identity()
        while identity and not await self.between():
            identity = self.identity()
        return identity

    async def converse(self, client):
        """Turn after turn, until the connection ends."""
        self.kept = False
        while True:
            while self.outbox:
                level, payload = self.outbox.pop(0)
                await client.publish(self.topic(level), payload, 1, True)
            if self.leaving:
                await client.reconnect()
            elif self.wait is not None:
                lean()
                self.message = await self.next_message(self.wait)
                self.wait = None
            elif self.light(self.message):
                self.message = None
            elif not has_room(_ROOM):
                self.log("A turn for the identity needs memory: without a connection for some seconds.")
                self.cramped = True
                await client.reconnect()
            else:
                await self._one_turn()

    async def _one_turn(self):
        self.wait = 0
        often = collect_often()
        try:
            name, matter = self.begins(self.message)
            self.message = None
            while name:
                lean()
                name, matter = await self._phase(name, matter)
        except Exception as e:
            # A key of another kind, full flash, no memory, a fault of ours: the connection is worth more
            # than a renewal that has months to come about.
            self.log("The identity cannot be looked after now: %s" % (str(e) or repr(e)))
            self.wait = _LATER
            self.rest()
        finally:
            collect_often(often)
        lean()
        self.outbox = [(level, settled(payload)) for level, payload in self.outbox]
        self.told = settled(self.told)
        lean()

    async def _phase(self, name, matter):
        from .phases import phase
        return await phase(name)(self, matter)

    def light(self, message):
        """Whether there is nothing to do, as far as can be seen without a turn; `wait` is set then."""
        return False

    async def next_message(self, seconds):
        """(last level of the topic, payload); None when none has come in this time."""
        if not self.inbox:
            self.came.clear()
            try:
                await asyncio.wait_for(self.came.wait(), max(seconds, 0))
            except asyncio.TimeoutError:
                pass
        if not self.inbox:
            return None
        return self.inbox.popitem()

    def rest(self):
        """There is nothing left to do but wait."""
        if not self.inbox:
            self.resting.set()

    async def at_rest(self):
        await self.resting.wait()

    def topic(self, level):
        return "countersign/%s/%s" % (self.user, level)

    def _take(self, topic, payload):
        level = topic.rsplit("/", 1)[1]
        if payload:
            self.inbox[level] = payload
            self.came.set()
            self.resting.clear()
        else:
            self.inbox.pop(level, None)


class Lifecycle(Conversation):
    """`first` is the broker's address in wifi.conf. `patience`: refusals of the working certificate in a row
    before another way is tried; 1 for a board that tries only once each time it wakes."""

    home = "look"  # the phase that ends a turn

    def __init__(self, files, clock, first=None, patience=3, log=print, uptime=None):
        from .slots import Slots, any_identity
        super().__init__(files, clock, any_identity(Slots(files)).name, uptime or Uptime(), log)
        self.first = first
        self.patience = patience
        self.tried_candidate = False  # the last detour from a refused identity; else the birth certificate
        self.refusals = 0
        self.prove_at = 0
        self.pause = FIRST_PAUSE
        self.renew_at = None  # uptime: when the renewal that a Command asks for begins
        self.renewed_at = None  # uptime of the last one of these
        self.rest_until = 0  # no renewal by the clock before
        self.settings = None  # what a Command brought
        self.heard = bytes(16)  # half of the digest of the last Command

    def identity(self):
        """The Identity for the next connection."""
        from .slots import Slots
        slots = Slots(self.files)
        self.begin()
        if not (self.cramped or self.kept):
            self.settings = None
            self.told = None
        self.current = slots.candidate() if self.proving else None
        if self.current is None:
            self.proving = False
            self.current = slots.active()
        return self.current

    def brokers(self, identity):
        """The addresses to dial: a new list must prove itself alone."""
        from .slots import Slots
        try:
            listed = Slots(self.files).active().brokers
        except (errors.IdentityMissing, errors.IdentityDamaged):
            listed = identity.brokers
        if identity.brokers != listed or not self.first:
            return identity.brokers
        return [self.first] + [b for b in identity.brokers if b != self.first]

    async def failed(self, client, fault):
        """A connection has ended, or did not come about. Whether to go on at once, with another identity."""
        if not self.proving and not fault.own:
            return False
        from .detour import next_try
        try:
            return await next_try(self, client, fault)
        except OSError as e:  # flash
            self.log("The identity cannot be looked after: %s" % e)
            return False

    async def serve(self, client):
        """From CONNACK on, until the connection ends or the next identity is to be proven."""
        try:
            await self.ready()
        except errors.SubscriptionRefused as e:
            if self.proving:
                raise
            self.log("%s This identity cannot be renewed here." % e)
            self.rest()
            return
        self.refusals = 0
        self.tried_candidate = False
        await self.converse(client)

    def begins(self, message):
        return message or ("flip" if self.proving else "report", None)

    def light(self, message):
        self.clock.tend()
        ahead = self._ahead(message)
        if ahead is None:
            return False
        self.wait = min(ahead, max(1, self.clock.ntp_in()))
        self.rest()
        return True

    def _ahead(self, message):
        from .rest import seconds
        return seconds(self, message)

    async def first_turn(self):
        """At the start there is more room than ever again: the program on top has not begun."""
        try:
            self.identity()
        except errors.CountersignError:  # which the first connection tells
            return
        lean()
        self.cramped = self._ahead(None) is None
        lean()
        await self.between()
