"""What a board and its authority say to each other on one connection, whichever certificate it came with."""

import asyncio

from .keys import public_key
from .messages import CERTIFICATE, ERROR, KEY, REFUSAL, RETRY_AFTER, decode, digest

_MIN_RETRY = 60  # seconds, docs/protocol.md, Renewal 4
_MAX_RETRY = 604800


class Conversation:
    """`user` is the name the board connects under. Whatever arrives is looked at later, by the task that
    calls next_message()."""

    def __init__(self, renewal, user, uptime, log):
        self._renewal = renewal
        self._user = user
        self._uptime = uptime
        self._log = log
        self._inbox = {}  # by topic: only the newest state of each counts
        self._came = asyncio.Event()
        self._subscriptions = ()
        self._ask_at = 0  # when to publish the Request; None: it has been, and the answer is awaited
        self._put_off = False
        self._at_rest = asyncio.Event()

    def attach(self, client):
        """Once for a client, before it connects."""
        topics = self._topic("certificate"), self._topic("command")
        self._subscriptions = [client.subscribe(topic, self._take) for topic in topics]

    def begin(self):
        """Before every connection. Retained messages come once for each SUBSCRIBE, so it is sent again."""
        for subscription in self._subscriptions:
            subscription.want()
        self._inbox.clear()
        self._at_rest.clear()
        if not self._put_off:
            self._ask_at = 0

    async def ready(self):
        """The broker has granted both subscriptions; SubscriptionRefused."""
        for subscription in self._subscriptions:
            await subscription.ready()

    async def ask(self, client, signer):
        """Publishes the Request, once for each connection and again when a Refusal's time is over. The
        seconds until it is worth calling again."""
        if self._ask_at is None:
            return _MAX_RETRY
        ahead = self._ask_at - self._uptime()
        if ahead > 0:
            return ahead
        self._ask_at = None
        self._put_off = False
        request = self._renewal.request(signer)
        await client.publish(self._topic("request"), request, 1, True)
        return _MAX_RETRY

    def waits_for_answer(self):
        """A Request is out, and nothing has come back."""
        return self._ask_at is None

    def is_put_off(self):
        """There was an answer, but no certificate to use."""
        return self._put_off

    def put_off_no_longer(self):
        self._put_off = False
        self._ask_at = 0

    def _put_off_for(self, seconds):
        self._put_off = True
        self._ask_at = self._uptime() + seconds

    async def take_certificate(self, client, data, identity):
        """A message to …/certificate. Whether it has made a candidate, which clears the Request."""
        kind, fields = decode(data)
        if kind not in (CERTIFICATE, REFUSAL):
            raise ValueError("not an answer to a request")
        if not self._renewal.is_answer(fields):
            if fields[KEY] == digest(public_key(identity.key())):
                # A retained Request of the key that is in use already.
                await self.clear_request(client)
            return False
        if kind == REFUSAL:
            if not self._put_off:  # else it is the one that comes again at every connect
                wait = min(max(fields[RETRY_AFTER], _MIN_RETRY), _MAX_RETRY)
                self._put_off_for(wait)
                self._log("%s: the authority does not renew this identity now. Asked again in %d s."
                          % (fields[ERROR], wait))
            return False
        try:
            self._renewal.answered(fields, identity)
        except ValueError:
            # By a root this board does not know yet, perhaps: new anchors may come before the next answer.
            self._put_off_for(_MIN_RETRY)
            raise
        self.put_off_no_longer()
        await self.clear_request(client)
        return True

    async def clear_request(self, client):
        await client.publish(self._topic("request"), b"", 1, True)

    async def next_message(self, seconds):
        """(last level of the topic, payload); None when none has come in this time."""
        if not self._inbox:
            self._came.clear()
            try:
                await asyncio.wait_for(self._came.wait(), max(seconds, 0))
            except asyncio.TimeoutError:
                pass
        if not self._inbox:
            return None
        return self._inbox.popitem()

    def rest(self):
        """There is nothing left to do but wait."""
        if not self._inbox:
            self._at_rest.set()

    async def at_rest(self):
        await self._at_rest.wait()

    def _topic(self, level):
        return "countersign/%s/%s" % (self._user, level)

    def _take(self, topic, payload):
        level = topic.rsplit("/", 1)[1]
        if payload:
            self._inbox[level] = payload
            self._came.set()
            self._at_rest.clear()
        else:
            self._inbox.pop(level, None)
