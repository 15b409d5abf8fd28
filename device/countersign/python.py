"""The backend in Python, over the firmware's own TLS: a reader, a writer and a keeper of the line."""

import asyncio
import time

from micropython import const

from . import errors, mqtt
from .connection import Connection, within
from .memory import lean_again
from .mqtt import check_filter, check_topic  # noqa: F401
from .session import Delivery, Session

MAX_QOS = const(1)
VERSIONS = (4,)
_CHUNK = const(256)  # bytes fetched from TLS at a time
_OUT_LIMIT = const(16)  # packets waiting to be written before senders and the reader wait


def context_of(certificate, key, anchors, drop=None):
    from .transport import context_of
    return context_of(certificate, key, anchors, drop)


def remember(context, files):
    """The firmware's TLS cannot save a session."""


def forget(key):
    """Bytes cannot be wiped from Python."""


class Backend:
    def __init__(self, window, receive_limit, log, version):
        self.connection = None
        self._session = Session(window)
        self._decoder = mqtt.Decoder(receive_limit)
        self._log = log

    @property
    def subscriptions(self):
        return self._session.subscriptions

    def pending(self):
        return len(self._session.deliveries)

    async def dial(self, host, port, context, hello):
        from .transport import dial
        return await dial(host, port, context, mqtt.connect(*hello))

    def connect(self, link, hello):
        self.connection = _Line(link, self._session, self._decoder, hello, self._log)

    def _is_up(self):
        return self.connection is not None and self.connection.up

    async def publish(self, topic, payload, qos, retain, properties=None):
        if not qos:
            if not self.connection or not await self.connection.room():
                return False
            self.connection.send(mqtt.publish(topic, payload, 0, retain))
            return True
        while self._session.full():
            await self._session.deliveries[0].done.wait()
        delivery = self._session.publish(topic, payload, retain)
        if self._is_up():
            self.connection.send_due()
        await delivery.done.wait()
        if self._session.refused(delivery):
            raise errors.MessageRefused("the broker hangs up on it")
        return True

    def ask(self, subscription):
        if self._is_up():
            self.connection.send(self._session.ask(subscription))

    async def drained(self):
        for delivery in self._session.deliveries[:]:
            await delivery.done.wait()

    async def goodbye(self):
        self.connection.send(mqtt.DISCONNECT_PACKET)
        await self.connection.written()


class _Line(Connection):
    def __init__(self, link, session, decoder, hello, log):
        super().__init__()
        _, self._keepalive, self._clean, _ = hello
        self._link = link
        self._session = session
        self._decoder = decoder
        self._log = log
        self._out = []
        self._more = asyncio.Event()  # there is something to write
        self._pong = asyncio.Event()
        decoder.reset()
        self.run(self._read())

    async def established(self):
        await super().established()
        self.run(self._write())
        if self._keepalive:
            self.run(self._keep_alive())

    def send(self, item):
        """A packet, or a Delivery, after everything that waits to be written."""
        self._out.append(item)
        self._more.set()

    def send_due(self):
        for delivery in self._session.due():
            self.send(delivery)

    async def room(self):
        """Waits until the writer keeps up; False when the connection is gone."""
        while self.up and len(self._out) >= _OUT_LIMIT:
            await self._motion()
        return self.up

    async def written(self):
        """Waits until nothing is left to write, or the connection is gone."""
        while self.up and self._out:
            await self._motion()

    def _fail(self, error):
        if self.up and not self._leaving and isinstance(error, errors.ConnectionLost):
            self._session.hung_up()
        super()._fail(error)

    def _hang_up(self):
        self._link.close()

    async def _read(self):
        chunk = memoryview(bytearray(_CHUNK))
        while True:
            count = await self._link.readinto(chunk)
            if not count:
                if self.up:
                    raise errors.ConnectionLost("the broker closed it")
                raise errors.BrokerRefused("it closed the connection without an answer")
            self._heard_at = time.ticks_ms()
            for packet in self._decoder.feed(chunk[:count]):
                if self.up:
                    self._take(packet)
                else:
                    self._take_connack(packet)
            # A broker that sends but does not read must not fill our memory with answers.
            await self.room()

    async def _write(self):
        while True:
            while self._out:
                item = self._out[0]
                if isinstance(item, Delivery):
                    item.sent = True
                    item = item.packet
                await self._link.write(item)
                self._out.pop(0)
                self._sent_at = time.ticks_ms()
                self._moved.set()
            self._more.clear()
            await self._more.wait()

    async def _keep_alive(self):
        """[MQTT-3.1.2-23] asks for a packet in every keepalive interval. A PINGREQ also goes out when nothing
        has been heard for as long, or for a moment while a QoS 1 message waits for its answer: a board that
        only talks would not notice a dead line otherwise. It is the one deadline of a live connection: a
        writer that cannot write cannot send the PINGREQ either."""
        due = self._keepalive * 750
        grace = min(self._keepalive * 500, 10000)
        while True:
            now = time.ticks_ms()
            unheard = time.ticks_diff(now, self._heard_at)
            idle = max(time.ticks_diff(now, self._sent_at), unheard)
            if idle < due and not (self._session.deliveries and unheard >= self.look_ms):
                lean_again()
                await asyncio.sleep_ms(min(due - idle, self.look_ms))
                continue
            self._pong.clear()
            self.send(mqtt.PINGREQ_PACKET)
            await within(grace, self._pong.wait(), "PINGRESP")

    def _take_connack(self, packet):
        if packet[0] != mqtt.CONNACK:
            raise errors.ProtocolError("MQTT-3.2.0-1")
        if packet[2]:
            from .faults import from_connack
            raise from_connack(packet[2])
        if packet[1] and self._clean:
            raise errors.ProtocolError("MQTT-3.2.2-1")
        self._sent_at = time.ticks_ms()
        for item in self._session.resume(packet[1]):
            self.send(item)
        self._accepted()

    def _take(self, packet):
        kind = packet[0]
        if kind == mqtt.PUBLISH:
            _, topic, payload, qos, _, _, packet_id, size = packet
            if qos == 2 and not self._session.is_new(packet_id):
                pass
            elif payload is None:
                self._log("Skipped a message of %d bytes to %s: larger than receive_limit" % (size, topic))
            else:
                self._session.subscriptions.route(topic, payload)
            if qos:
                self.send(mqtt.answer(mqtt.PUBACK if qos == 1 else mqtt.PUBREC, packet_id))
        elif kind == mqtt.PUBREL:
            self._session.released(packet[1])
            self.send(mqtt.answer(mqtt.PUBCOMP, packet[1]))
        elif kind == mqtt.PUBACK:
            self._session.published(packet[1])
            self.send_due()
        elif kind == mqtt.SUBACK:
            refused = self._session.subscriptions.subscribed(packet[1], packet[2])
            if refused:
                self._log("The broker refused the subscription to " + refused.topic_filter)
        elif kind == mqtt.UNSUBACK:
            self._session.subscriptions.unsubscribed(packet[1])
        elif kind == mqtt.PINGRESP:
            self._pong.set()
        else:
            raise errors.ProtocolError("MQTT-3.2.0-1")
