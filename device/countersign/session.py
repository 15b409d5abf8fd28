"""What outlives a connection: deliveries not yet acknowledged, and subscriptions. No socket, no clock."""

import asyncio
import sys

from micropython import const

from . import mqtt
from .errors import SubscriptionRefused

# A subscription's way: it is wanted, has been asked for, and is granted or refused; or it is to be given up.
WANTED = const(0)
ASKED = const(1)
GRANTED = const(2)
REFUSED = const(3)
LEAVING = const(4)


class Delivery:
    """A QoS 1 message on its way; `done` is set by its PUBACK."""

    def __init__(self, packet_id, packet):
        self.packet_id = packet_id
        self.packet = packet
        self.sent = False
        self.done = asyncio.Event()


class Subscription:
    """Messages of one filter, for a callback or for `async for topic, payload in subscription`."""

    def __init__(self, topic_filter, callback, qos, depth):
        self.topic_filter = topic_filter
        self.callback = callback
        self.qos = qos
        self.state = WANTED
        self.packet_id = 0
        self.dropped = 0  # messages that came while the queue was full
        self._depth = depth
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
            raise SubscriptionRefused(self.topic_filter)

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

    def deliver(self, topic, payload):
        """A callback's fault must not end our connection: it is printed, and the next message comes."""
        if self.callback:
            try:
                self.callback(topic, payload)
            except Exception as e:
                sys.print_exception(e)
            return
        if len(self._queue) >= self._depth:
            self._queue.pop(0)
            self.dropped += 1
        self._queue.append((topic, payload))
        self._came.set()


class Session:
    def __init__(self, window):
        self._window = window
        self._last_id = 0
        self.deliveries = []  # in the order of publishing, which resending keeps ([MQTT-4.6.0-1])
        self.subscriptions = []

    def full(self):
        return len(self.deliveries) >= self._window

    def next_id(self):
        """An id that no exchange in progress uses ([MQTT-2.3.1-2])."""
        live = [d.packet_id for d in self.deliveries] + [s.packet_id for s in self.subscriptions]
        while True:
            self._last_id = self._last_id % 65535 + 1
            if self._last_id not in live:
                return self._last_id

    def publish(self, topic, payload, retain):
        packet_id = self.next_id()
        delivery = Delivery(packet_id, mqtt.publish(topic, payload, 1, retain, packet_id))
        self.deliveries.append(delivery)
        return delivery

    def published(self, packet_id):
        """PUBACK. One that fits nothing is the second answer to a message that was sent twice."""
        for delivery in self.deliveries:
            if delivery.packet_id == packet_id:
                self.deliveries.remove(delivery)
                delivery.done.set()
                return

    def ask(self, subscription):
        """The SUBSCRIBE or UNSUBSCRIBE packet for a subscription."""
        subscription.packet_id = self.next_id()
        if subscription.state == LEAVING:
            return mqtt.unsubscribe(subscription.packet_id, subscription.topic_filter)
        subscription.state = ASKED
        return mqtt.subscribe(subscription.packet_id, subscription.topic_filter, subscription.qos)

    def subscribed(self, packet_id, codes):
        """SUBACK; returns a subscription that was refused."""
        for subscription in self.subscriptions:
            if subscription.packet_id == packet_id and subscription.state == ASKED:
                subscription.packet_id = 0
                # One filter was asked for, so there is one code [MQTT-3.8.4-5].
                subscription.decide(len(codes) == 1 and codes[0] != mqtt.FAILURE)
                return subscription if subscription.state == REFUSED else None
        return None

    def leave(self, subscription):
        """It gets no more messages and goes away with its UNSUBACK."""
        subscription.state = LEAVING

    def unsubscribed(self, packet_id):
        """UNSUBACK."""
        for subscription in self.subscriptions:
            if subscription.packet_id == packet_id and subscription.state == LEAVING:
                self.subscriptions.remove(subscription)
                return

    def resume(self, present):
        """What to send first on a new connection. A broker that has lost the session knows neither the
        subscriptions nor the messages, which are then sent as new ones."""
        todo = []
        for subscription in self.subscriptions[:]:
            subscription.packet_id = 0
            if not present and subscription.state == LEAVING:
                self.subscriptions.remove(subscription)
            elif not present or subscription.state in (WANTED, ASKED, LEAVING):
                todo.append(self.ask(subscription))
        for delivery in self.deliveries:
            if present and delivery.sent:
                delivery.packet[0] |= mqtt.DUP  # [MQTT-3.3.1-1]
            else:
                delivery.packet[0] &= ~mqtt.DUP
            todo.append(delivery)
        return todo

    def route(self, topic, payload):
        """Whether anyone wanted it."""
        wanted = False
        for subscription in self.subscriptions[:]:
            if subscription.state != LEAVING and mqtt.matches(subscription.topic_filter, topic):
                subscription.deliver(topic, payload)
                wanted = True
        return wanted
