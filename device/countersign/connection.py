"""One connection, from the CONNECT that has been sent to its end: a reader, a writer and a keeper of the
line."""

import asyncio
import time

from micropython import const

from . import mqtt
from .errors import BrokerRefused, BrokerSilent, ConnectionLost, CountersignError, ProtocolError, from_connack
from .session import Delivery

_CHUNK = const(512)  # bytes fetched from TLS at a time
_OUT_LIMIT = const(16)  # packets waiting to be written before senders and the reader wait


class Reconnect(Exception):
    """The connection has been ended on purpose: the next one is to follow at once."""


class Connection:
    # How often the line is looked at, and how long a QoS 1 message may stay unanswered before it is doubted.
    look_ms = 5000

    def __init__(self, link, session, decoder, keepalive, clean, log):
        self.up = False
        self._link = link
        self._session = session
        self._decoder = decoder
        self._keepalive = keepalive
        self._clean = clean
        self._log = log
        self._out = []
        self._error = None
        self._leaving = False
        self._turn = asyncio.Event()  # up or failed: look which
        self._more = asyncio.Event()  # there is something to write
        self._moved = asyncio.Event()  # something has been written, or never will be
        self._pong = asyncio.Event()
        decoder.reset()
        self._tasks = [asyncio.create_task(self._guard(self._read()))]

    async def established(self):
        """Returns when the broker has accepted us."""
        await self._settled()
        self._tasks.append(asyncio.create_task(self._guard(self._write())))
        if self._keepalive:
            self._tasks.append(asyncio.create_task(self._guard(self._keep_alive())))

    async def ended(self):
        """Raises the CountersignError that ended the connection."""
        await self._settled()

    def run(self, work):
        """A coroutine beside the connection, which ends with it; its fault ends the connection."""
        self._tasks.append(asyncio.create_task(self._guard(work)))

    def send(self, item):
        """A packet, or a Delivery, after everything that waits to be written."""
        self._out.append(item)
        self._more.set()

    async def room(self):
        """Waits until the writer keeps up; False when the connection is gone."""
        while self.up and len(self._out) >= _OUT_LIMIT:
            await self._motion()
        return self.up

    async def written(self):
        """Waits until nothing is left to write, or the connection is gone."""
        while self.up and self._out:
            await self._motion()

    async def leave(self, farewell):
        """Ends it with Reconnect after `farewell`, at whose end the broker may be the first to hang up."""
        self._leaving = True
        await farewell
        self._fail(Reconnect())

    def close(self):
        """At once, outside of asyncio too."""
        self.up = False
        self._link.close()
        self._moved.set()

    def stop(self):
        """Ends the tasks as well."""
        for task in self._tasks:
            task.cancel()
        self.close()

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
        except (OSError, ValueError, MemoryError) as e:
            self._fail(ConnectionLost(str(e)))
        except CountersignError as e:
            self._fail(e)

    def _fail(self, error):
        if not self._error:
            self._error = Reconnect() if self._leaving else error
        self._turn.set()

    async def _read(self):
        chunk = memoryview(bytearray(_CHUNK))
        while True:
            count = await self._link.readinto(chunk)
            if not count:
                if self.up:
                    raise ConnectionLost("the broker closed it")
                raise BrokerRefused("it closed the connection without an answer")
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
                await asyncio.sleep_ms(min(due - idle, self.look_ms))
                continue
            self._pong.clear()
            self.send(mqtt.PINGREQ_PACKET)
            await within(grace, self._pong.wait(), "PINGRESP")

    def _take_connack(self, packet):
        if packet[0] != mqtt.CONNACK:
            raise ProtocolError("packet type %d before CONNACK [MQTT-3.2.0-1]" % packet[0])
        if packet[2]:
            raise from_connack(packet[2])
        if packet[1] and self._clean:
            raise ProtocolError("a session after a clean start [MQTT-3.2.2-1]")
        self._sent_at = time.ticks_ms()
        for item in self._session.resume(packet[1]):
            self.send(item)
        self.up = True
        self._turn.set()

    def _take(self, packet):
        kind = packet[0]
        if kind == mqtt.PUBLISH:
            _, topic, payload, qos, _, _, packet_id, size = packet
            if payload is None:
                self._log("Skipped a message of %d bytes to %s: larger than receive_limit" % (size, topic))
            else:
                self._session.route(topic, payload)
            if qos:
                self.send(mqtt.puback(packet_id))
        elif kind == mqtt.PUBACK:
            self._session.published(packet[1])
        elif kind == mqtt.SUBACK:
            refused = self._session.subscribed(packet[1], packet[2])
            if refused:
                self._log("The broker refused the subscription to " + refused.topic_filter)
        elif kind == mqtt.UNSUBACK:
            self._session.unsubscribed(packet[1])
        elif kind == mqtt.PINGRESP:
            self._pong.set()
        else:
            raise ProtocolError("a second CONNACK [MQTT-3.2.0-1]")


async def within(ms, work, what):
    try:
        return await asyncio.wait_for_ms(work, ms)
    except asyncio.TimeoutError:
        raise BrokerSilent("no %s within %d ms" % (what, ms))
