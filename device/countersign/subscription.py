"""Subscriptions: what each of them wants, how far it is, and where its messages go. No socket, no packets."""

import asyncio
import sys

from micropython import const

from . import errors

# A subscription's way: it is wanted, has been asked for, and is granted or refused; or it is to be given up.
WANTED = const(0)
ASKED = const(1)
GRANTED = const(2)
REFUSED = const(3)
LEAVING = const(4)

_FAILURE = const(0x80)  # SUBACK: refused; MQTT 5 has more of these, all above


class Subscription:
    """Messages of one filter, for a callback or for `async for topic, payload in subscription`."""

    def __init__(self, topic_filter, callback, qos, depth, properties=False):
        self.topic_filter = topic_filter
        self.callback = callback
        self.qos = qos
        self.state = WANTED
        self.packet_id = 0
        self.dropped = 0  # messages that came while the queue was full
        self._depth = depth
        self._properties = properties
        self._queue = []
        self._came = asyncio.Event()
        self._decided = asyncio.Event()

    def want(self):
        """Asks for it anew at the next connect, which brings its retained messages again."""
        if self.state != LEAVING:
            self.state = WANTED
            self._decided.clear()

    async def ready(self):
        """Returns when the broker has granted it; raises SubscriptionRefused."""
        await self._decided.wait()
        if self.state == REFUSED:
            raise errors.SubscriptionRefused(self.topic_filter)

    def __aiter__(self):
        return self

    async def __anext__(self):
        while not self._queue:
            self._came.clear()
            await self._came.wait()
        return self._queue.pop(0)

    def decide(self, granted):
        self.state = GRANTED if granted else REFUSED
        self._decided.set()

    def deliver(self, topic, payload, properties):
        """A callback's fault must not end our connection: it is printed, and the next message comes."""
        message = (topic, payload, properties or {}) if self._properties else (topic, payload)
        if self.callback:
            try:
                self.callback(*message)
            except Exception as e:
                sys.print_exception(e)
            return
        if len(self._queue) >= self._depth:
            self._queue.pop(0)
            self.dropped += 1
        self._queue.append(message)
        self._came.set()


class Subscriptions:
    """All of a client's. `matches(topic_filter, topic)` is the backend's."""

    def __init__(self, matches):
        self.all = []
        self._matches = matches

    def subscribed(self, packet_id, codes):
        """SUBACK; returns a subscription that was refused."""
        for subscription in self.all:
            if subscription.packet_id == packet_id and subscription.state == ASKED:
                subscription.packet_id = 0
                # One filter was asked for, so there is one code [MQTT-3.8.4-5].
                subscription.decide(len(codes) == 1 and codes[0] < _FAILURE)
                return subscription if subscription.state == REFUSED else None
        return None

    def leave(self, subscription):
        """It gets no more messages and goes away with its UNSUBACK."""
        subscription.state = LEAVING

    def unsubscribed(self, packet_id):
        """UNSUBACK."""
        for subscription in self.all:
            if subscription.packet_id == packet_id and subscription.state == LEAVING:
                self.all.remove(subscription)
                return

    def resume(self, present):
        """Those to ask for or to give up on a new connection; a broker that has lost the session knows
        none."""
        to_settle = []
        for subscription in self.all[:]:
            subscription.packet_id = 0
            if not present and subscription.state == LEAVING:
                self.all.remove(subscription)
            elif not present or subscription.state in (WANTED, ASKED, LEAVING):
                to_settle.append(subscription)
        return to_settle

    def route(self, topic, payload, properties=None):
        """Whether anyone wanted it."""
        wanted = False
        for subscription in self.all[:]:
            if subscription.state != LEAVING and self._matches(subscription.topic_filter, topic):
                subscription.deliver(topic, payload, properties)
                wanted = True
        return wanted
