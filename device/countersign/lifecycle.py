"""Keeps the identity of a board alive while its client runs: renews in time, proves what is new before it
counts, tells the authority, and comes back in with the birth certificate when the working one is over.

The client asks identity() before every connection, runs serve() during it and tells failed() how it ended.
"""

from binascii import hexlify

from micropython import const

from .birth import Errand
from .conversation import Conversation
from .dates import text
from .errors import BoardFull, CountersignError, IdentityDamaged, IdentityMissing, SubscriptionRefused
from .messages import ACKNOWLEDGED, ANCHORS, BROKERS_VERSION, COMMAND, RENEW, decode, digest
from .renewal import BACKDATED, Renewal
from .slots import any_identity
from .uptime import Uptime
from .x509 import Certificate

_OBEY = const(60)  # seconds between two renewals that a Command asks for
_LOOK = const(3600)  # seconds after which a date that lies ahead is looked at again
_FIRST_PAUSE = const(30)  # seconds after a candidate has failed; doubled each time
_LAST_PAUSE = const(86400)


class Lifecycle(Conversation):
    """`first` is the broker's address in wifi.conf. `patience`: refusals of the working certificate in a row
    before another way is tried; 1 for a board that tries only once each time it wakes."""

    def __init__(self, files, clock, first=None, patience=3, log=print, uptime=None):
        renewal = Renewal(files, clock)
        self._slots = renewal.slots
        name = any_identity(renewal.slots).name
        super().__init__(renewal, name, uptime or Uptime(), log)
        self._clock = clock
        self._first = first
        self._patience = patience
        self._current = None  # the Identity of this connection
        self._proving = False  # it is a candidate
        self._tried_candidate = False  # the last detour from a refused identity; else the birth certificate
        self._refusals = 0
        self._prove_at = 0
        self._pause = _FIRST_PAUSE
        self._renew_now = False
        self._obeyed_at = -_OBEY
        self._rest_until = 0  # no renewal by the clock before
        self._settings = None  # what a Command brought
        self._told = None  # digest of the State that was sent

    # --- which identity

    def identity(self):
        """The Identity for the next connection."""
        self.begin()
        self._settings = None
        self._told = None
        self._current = self._slots.candidate() if self._proving else None
        if self._current is None:
            self._proving = False
            self._current = self._slots.active()
        return self._current

    def brokers(self, identity):
        """The addresses to dial: a new list must prove itself alone."""
        try:
            listed = self._slots.active().brokers
        except (IdentityMissing, IdentityDamaged):
            listed = identity.brokers
        if identity.brokers != listed or not self._first:
            return identity.brokers
        return [self._first] + [b for b in identity.brokers if b != self._first]

    async def failed(self, client, fault):
        """A connection has ended, or did not come about. Whether to go on at once, with another identity."""
        try:
            return await self._next_try(client, fault)
        except OSError as e:  # flash
            self._log("The identity cannot be looked after: %s" % e)
            return False

    async def _next_try(self, client, fault):
        if self._proving:
            self._give_back(fault)
            return False
        if not fault.own:
            return False
        self._refusals += 1
        if self._refusals < self._patience and not isinstance(fault, (IdentityDamaged, IdentityMissing)):
            return False
        # A candidate and the birth certificate take turns, so that neither can stand in the other's way.
        self._tried_candidate = not self._tried_candidate and self._slots.candidate() is not None
        self._proving = self._tried_candidate or await self._renew_by_birth(client)
        return self._proving

    def _give_back(self, fault):
        """The candidate did not connect: the identity before it goes on."""
        self._proving = False
        self._prove_at = self._uptime() + self._pause
        self._pause = min(self._pause * 2, _LAST_PAUSE)
        if not fault.permanent:
            self._log("The new identity could not be proven yet; the one before it goes on.")
        elif self._renewal.refused():
            self._log("The new identity was refused; the one before it goes on.")
        else:
            self._log("The new identity was refused for the last time and is given up.")

    async def _renew_by_birth(self, client):
        birth = self._slots.birth()
        if not birth:
            return False
        self._log("The working certificate does not connect: asking for another with the birth certificate.")
        errand = Errand(self._renewal, birth, self._uptime, self._log)
        helper = client.helper(errand, birth, self.brokers(birth))
        try:
            await helper.run(retry=False)
        except CountersignError as e:
            self._log(str(e))
        finally:
            helper.abort()
        return errand.done

    # --- one connection

    async def serve(self, client):
        """From CONNACK on, until the connection ends or the next identity is to be proven."""
        try:
            await self.ready()
        except SubscriptionRefused as e:
            if self._proving:
                raise
            self._log("%s This identity cannot be renewed here." % e)
            self.rest()
            return
        self._refusals = 0
        self._tried_candidate = False
        try:
            if self._proving:
                self._flip()
                await self.clear_request(client)
            if not self._renewal.acknowledged(self._current):
                await self._report(client)
            while True:
                wait = await self._step(client)
                if wait and not self.waits_for_answer() and self._told is None:
                    self.rest()
                message = await self.next_message(wait)
                if message:
                    await self._read(client, message)
        except (OSError, ValueError, MemoryError, BoardFull) as e:
            # A key of another kind, full flash, no memory: the connection is worth more than a renewal that
            # has months to come about.
            self._log("The identity cannot be looked after on this connection: %s" % e)
            self.rest()

    async def _step(self, client):
        """Does what is to be done now; the seconds until there may be more. Does not return when the next
        identity is to be proven."""
        self._clock.tend()
        now = self._uptime()
        candidate = self._slots.candidate()
        if candidate and now >= self._prove_at:
            self._proving = True
            await client.reconnect()
        renewed = candidate is not None and candidate.fingerprint() != self._current.fingerprint()
        if not renewed and self._settings and self._take_settings():
            return 0
        wait = min(_LOOK, max(1, self._clock.ntp_in()))
        if candidate:
            wait = min(wait, self._prove_at - now)
        if not renewed:
            ahead = self._due_in(now)
            if ahead <= 0 or self._renewal.pending():
                ahead = await self.ask(client, self._current)
            wait = min(wait, ahead)
        return wait

    def _due_in(self, now):
        """Seconds until the renewal is due."""
        if self._renew_now:
            return 0
        try:
            ahead = self._renewal.due_at(self._current) - self._clock.now()
        except ValueError:
            return _LOOK
        return max(ahead, self._rest_until - now)

    def _take_settings(self):
        """Whether a Command's anchors or brokers have become a candidate. They wait while a request does,
        unless the authority has put that off."""
        if self._renewal.pending() and not self.is_put_off():
            return False
        settings, self._settings = self._settings, None
        try:
            return self._renewal.changed(settings, self._current)
        except ValueError as e:
            self._log("Anchors or brokers were not taken: %s" % e)
            return False

    async def _read(self, client, message):
        level, data = message
        try:
            if level == "certificate":
                await self.take_certificate(client, data, self._current)
            else:
                await self._obey(client, data)
        except ValueError as e:
            self._log("A message of the authority was not taken: %s" % e)

    async def _obey(self, client, data):
        kind, fields = decode(data)
        if kind != COMMAND:
            raise ValueError("not a command")
        acknowledged = fields.get(ACKNOWLEDGED, b"")
        if self._told is None:
            known = self._renewal.acknowledged(self._current)
            if known != str(hexlify(acknowledged), "ascii")[:32]:
                await self._report(client)  # the authority has forgotten: a registry from a backup
        elif acknowledged == self._told:
            self._renewal.acknowledge(self._current, self._told)
            self._told = None
        now = self._uptime()
        if fields.get(RENEW) == self._current.fingerprint() and now - self._obeyed_at >= _OBEY:
            self._obeyed_at = now
            self._renew_now = True
        if ANCHORS in fields or BROKERS_VERSION in fields:
            self._settings = fields

    async def _report(self, client):
        """The State, at every connect until just this one has been acknowledged."""
        state = self._renewal.state(self._current)
        self._told = digest(state)
        await client.publish(self._topic("state"), state, 1, True)

    def _flip(self):
        self._renewal.flip(self._current)
        self._proving = False
        self._renew_now = False
        self.put_off_no_longer()
        self._pause = _FIRST_PAUSE
        certificate = Certificate(self._current.certificate())
        # With a clock that is ahead the new certificate may be due at once, again and again.
        life = certificate.not_after - certificate.not_before - BACKDATED
        self._rest_until = self._uptime() + min(_LOOK, life // 3)
        self._log("The new identity is in use (slot %s, until %s)"
                  % (self._current.slot, text(certificate.not_after)))
