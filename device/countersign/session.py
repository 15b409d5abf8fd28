"""What outlives a connection: deliveries not yet acknowledged, and subscriptions. No socket, no clock."""

import asyncio

from micropython import const

from . import errors, mqtt
from .subscription import ASKED, LEAVING, Subscriptions


# A delivery that was out so many times running when the broker hung up goes out alone; after so many it is
# given up: MQTT 3.1.1 knows no other way to refuse one.
_SUSPECTED = const(3)
_HANG_UPS = const(6)
_UNRELEASED = const(1024)


class Delivery:
    """A QoS 1 message on its way; `done` is set by its PUBACK, or when it is given up."""

    def __init__(self, packet_id, packet):
        self.packet_id = packet_id
        self.packet = packet
        self.sent = False
        self.out = False  # on this connection
        self.hang_ups = 0
        self.done = asyncio.Event()


class Session:
    def __init__(self, window):
        self._window = window
        self._last_id = 0
        self.deliveries = []  # in the order of publishing, which resending keeps ([MQTT-4.6.0-1])
        self.subscriptions = Subscriptions(mqtt.matches)
        self._unreleased = []  # ids of QoS 2 messages that were handed on

    def full(self):
        return len(self.deliveries) >= self._window

    def next_id(self):
        """An id that no exchange in progress uses ([MQTT-2.3.1-2])."""
        live = [d.packet_id for d in self.deliveries] + [s.packet_id for s in self.subscriptions.all]
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

    def is_new(self, packet_id):
        """A QoS 2 message is handed on once, and remembered until PUBREL (4.3.3, method B). We ask for none:
        the broker may have kept the session, and what was asked for in it, of other firmware."""
        if packet_id in self._unreleased:
            return False
        if len(self._unreleased) >= _UNRELEASED:
            raise errors.ProtocolError("MQTT-4.3.3-2")
        self._unreleased.append(packet_id)
        return True

    def released(self, packet_id):
        """PUBREL. Not known when our PUBCOMP was lost."""
        if packet_id in self._unreleased:
            self._unreleased.remove(packet_id)

    def refused(self, delivery):
        return delivery.hang_ups >= _HANG_UPS

    def due(self):
        """What is to go out now. Those the broker may have hung up on are the oldest, and go one by one."""
        due = []
        for delivery in self.deliveries:
            alone = delivery.hang_ups >= _SUSPECTED
            if alone and delivery is not self.deliveries[0]:
                break
            if not delivery.out:
                delivery.out = True
                due.append(delivery)
            if alone:
                break
        return due

    def hung_up(self):
        """The broker has ended the connection: on one of those that are out, if on any."""
        for delivery in self.deliveries[:]:
            delivery.hang_ups += delivery.out
            if self.refused(delivery):
                self.deliveries.remove(delivery)
                delivery.done.set()

    def ask(self, subscription):
        """The SUBSCRIBE or UNSUBSCRIBE packet for a subscription."""
        subscription.packet_id = self.next_id()
        if subscription.state == LEAVING:
            return mqtt.unsubscribe(subscription.packet_id, subscription.topic_filter)
        subscription.state = ASKED
        return mqtt.subscribe(subscription.packet_id, subscription.topic_filter, subscription.qos)

    def resume(self, present):
        """What to send first on a new connection. A broker that has lost the session knows neither the
        subscriptions nor the messages, which are then sent as new ones."""
        if not present:
            self._unreleased = []
        to_send = [self.ask(subscription) for subscription in self.subscriptions.resume(present)]
        for delivery in self.deliveries:
            if present and delivery.sent:
                delivery.packet[0] |= mqtt.DUP  # [MQTT-3.3.1-1]
            else:
                delivery.packet[0] &= ~mqtt.DUP
            delivery.out = False
        return to_send + self.due()
