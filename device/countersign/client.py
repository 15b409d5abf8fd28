"""The MQTT client of a board: connects, keeps connected, and says in words why it does not.

    client = Client(identity)
    client.subscribe("cmd/#", on_command)
    asyncio.create_task(client.run())
    await client.publish("temperature", "21.5")

Topics are the board's own: "temperature" means devices/<name>/temperature. One that starts with devices/,
countersign/ or $ is taken as it stands.
"""

import asyncio
import time

from micropython import const

from . import clock as clocks
from . import mqtt, transport, x509
from .backoff import Backoff
from .errors import (
    BrokerRefused,
    BrokerSilent,
    CertExpired,
    CertNotYet,
    ConnectionLost,
    CountersignError,
    PayloadTooLarge,
    ProtocolError,
    TopicInvalid,
    from_connack,
)
from .session import Delivery, Session, Subscription

_CHUNK = const(512)  # bytes fetched from TLS at a time
_OUT_LIMIT = const(16)  # packets waiting to be written before publish() and the reader wait
_ABSOLUTE = ("devices/", "countersign/", "$")


class Client:
    """
    identity       countersign.load_identity()
    brokers        [(host, port), …] tried in this order; default: the identity's
    keepalive      seconds; after one and a half of them the broker says "offline" for this board
    announce       keep devices/<name>/status (retained) at "online", and by last will at "offline"
    clean_session  True: the broker forgets subscriptions and undelivered commands at every disconnect
    receive_limit  bytes of the largest message taken; a larger one is skipped, acknowledged and logged
    send_limit     bytes of the largest payload sent
    window         QoS 1 messages on their way at once
    deadline       seconds for one attempt to connect, from the name lookup to the broker's CONNACK
    network        async function called before every attempt: brings the Wi-Fi up
    log            called with one line of text when the connection comes up or fails
    """

    def __init__(self, identity, brokers=None, keepalive=60, announce=True, clean_session=False,
                 receive_limit=4096, send_limit=16384, window=8, deadline=20, network=None, clock=None,
                 log=print, backoff=None):
        self.name = identity.name
        self.connected = False
        self.fault = None  # why the last attempt or connection ended; None while connected
        self._identity = identity
        self._brokers = list(brokers or identity.brokers)
        self._keepalive = keepalive
        self._announce = announce
        self._clean = clean_session
        self._send_limit = send_limit
        self._deadline_ms = deadline * 1000
        self._network = network
        self._clock = clock or clocks.Clock(identity.files)
        self._log = log
        self._backoff = backoff or Backoff()
        self._session = Session(window)
        self._decoder = mqtt.Decoder(receive_limit)
        self._context = None
        self._link = None
        self._out = []
        self._error = None
        self._closing = False
        self._runner = None  # the task in run()
        self._up = asyncio.Event()  # connected
        self._turn = asyncio.Event()  # connected or failed: look which
        self._more = asyncio.Event()  # there is something to write
        self._moved = asyncio.Event()  # something has been written, or never will be
        self._pong = asyncio.Event()

    # --- what a program calls

    def topic(self, topic):
        """The full topic for one of the board's own."""
        return topic if topic.startswith(_ABSOLUTE) else "devices/%s/%s" % (self.name, topic)

    async def publish(self, topic, payload, qos=1, retain=False):
        """QoS 1: returns True when the broker has it, however many connections that takes. Giving up waiting
        (asyncio.wait_for) does not take the message back. QoS 0: False when there is no connection to send it
        on."""
        if isinstance(payload, str):
            payload = payload.encode()
        if len(payload) > self._send_limit:
            raise PayloadTooLarge("%d bytes, send_limit is %d" % (len(payload), self._send_limit))
        topic = mqtt.check_topic(self.topic(topic))
        if not qos:
            if not await self._room():
                return False
            self._send(mqtt.publish(topic, payload, 0, retain))
            return True
        while self._session.full():
            await self._session.deliveries[0].done.wait()
        delivery = self._session.publish(topic, payload, retain)
        if self.connected:
            self._send(delivery)
        await delivery.done.wait()
        return True

    def subscribe(self, topic_filter, callback=None, qos=1, depth=16):
        """A Subscription; it is asked for now or at the next connect, and again whenever the broker has
        forgotten it.

        callback(topic, payload) is a plain function that returns soon. Without one, fetch with `async for
        topic, payload in subscription`; of more than `depth` waiting messages the oldest is dropped (and
        counted)."""
        if qos not in (0, 1):
            raise TopicInvalid("QoS 0 or 1")
        subscription = Subscription(mqtt.check_filter(self.topic(topic_filter)), callback, qos, depth)
        self._session.subscriptions.append(subscription)
        if self.connected:
            self._send(self._session.ask(subscription))
        return subscription

    def unsubscribe(self, subscription):
        self._session.leave(subscription)
        if self.connected:
            self._send(self._session.ask(subscription))

    async def wait_connected(self):
        await self._up.wait()

    async def run(self, retry=True):
        """Connects and stays connected until close(). With retry=False the first fault is raised instead."""
        if self._runner:
            raise RuntimeError("this client runs already")
        self._runner = asyncio.current_task()
        try:
            while not self._closing:
                try:
                    await self._one_connection()
                except CountersignError as e:
                    if self._closing:  # the broker hanging up after our DISCONNECT
                        return
                    self.fault = self._explain(e)
                    if not retry:
                        raise self.fault
                    pause = self._backoff.next_ms(self.fault.permanent)
                    self._log("%s Next try in %d s." % (self.fault, (pause + 999) // 1000))
                    await asyncio.sleep_ms(pause)
        except asyncio.CancelledError:
            if not self._closing:
                raise
        finally:
            self._runner = None
            self._moved.set()

    async def close(self, deadline=5):
        """Delivers what is on its way, says "offline", disconnects and ends run(), in `deadline` seconds."""
        self._closing = True
        if self.connected:
            try:
                await asyncio.wait_for(self._farewell(), deadline)
            except asyncio.TimeoutError:
                pass
        if self._runner:
            self._runner.cancel()
        while self._runner:
            self._moved.clear()
            await self._moved.wait()

    def abort(self):
        """Drops the connection at once, outside of asyncio too; the broker then says "offline" for us."""
        self.connected = False
        if self._link:
            self._link.close()
            self._link = None

    # --- one connection, from the first byte to the last

    async def _one_connection(self):
        tasks = []
        self._error = None
        self._turn.clear()
        self._decoder.reset()
        try:
            if self._network:
                await self._network()
            await _within(self._deadline_ms, self._open(tasks), "CONNACK")
            born = time.ticks_ms()
            tasks.append(asyncio.create_task(self._guard(self._write())))
            tasks.append(asyncio.create_task(self._guard(self._keep_alive())))
            try:
                await self._settled()
            finally:
                self._backoff.lived(time.ticks_diff(time.ticks_ms(), born))
        finally:
            for task in tasks:
                task.cancel()
            self.abort()
            self._up.clear()
            self._out.clear()
            self._moved.set()

    async def _open(self, tasks):
        hello = self._hello()
        host, port, self._link = await self._dial_at_floor_too(hello)
        tasks.append(asyncio.create_task(self._guard(self._read())))
        await self._settled()
        self._log("Connected to %s:%d as %s" % (host, port, self.name))

    def _hello(self):
        will = (self.topic("status"), b"offline", 1, True) if self._announce else None
        return mqtt.connect(self.name, self._keepalive, self._clean, will)

    async def _dial_at_floor_too(self, hello):
        """The clock may have been sent ahead: after "expired" one more try at the newest proven time."""
        try:
            return await self._dial(hello)
        except CertExpired:
            ahead = self._clock.step_back_to_floor()
            if not ahead:
                raise
            try:
                return await self._dial(hello)
            except BaseException:
                self._clock.step_forward(ahead)
                raise

    async def _dial(self, hello):
        """The first broker that answers; it stays at the front of the list."""
        if self._context is None:
            self._context = transport.make_context(self._identity)
        first = None
        for _ in range(len(self._brokers)):
            host, port = self._brokers[0]
            try:
                return host, port, await transport.dial(host, port, self._context, hello)
            except CountersignError as e:
                first = first or e
                self._brokers.append(self._brokers.pop(0))
        raise first

    async def _settled(self):
        """Returns when the connection is up; raises why it failed."""
        await self._turn.wait()
        self._turn.clear()
        if self._error:
            raise self._error

    def _explain(self, fault):
        """Stock firmware does not tell why a broker ended the handshake; our own certificate's dates may."""
        if isinstance(fault, BrokerRefused):
            try:
                begins, ends = x509.validity(self._identity.certificate())
            except ValueError:
                return fault
            now = self._clock.now()
            if now > ends:
                fault = CertExpired("this board's own, on " + clocks.text(ends))
            elif now < begins:
                fault = CertNotYet("this board's own, which begins " + clocks.text(begins))
        return fault

    async def _farewell(self):
        for delivery in self._session.deliveries[:]:
            await delivery.done.wait()
        if self._announce:
            self._send(mqtt.publish(self.topic("status"), b"offline", 0, True))
        self._send(mqtt.DISCONNECT_PACKET)
        while self._out and self.connected:
            self._moved.clear()
            await self._moved.wait()

    # --- the tasks of a connection

    async def _guard(self, work):
        """The first fault of any task ends the connection."""
        try:
            await work
        except (OSError, ValueError, EOFError) as e:
            self._fail(ConnectionLost(str(e)))
        except CountersignError as e:
            self._fail(e)

    def _fail(self, error):
        if not self._error:
            self._error = error
        self._turn.set()

    async def _read(self):
        chunk = memoryview(bytearray(_CHUNK))
        while True:
            count = await self._link.readinto(chunk)
            if not count:
                if self.connected:
                    raise ConnectionLost("the broker closed it")
                raise BrokerRefused("it closed the connection without an answer")
            self._heard_at = time.ticks_ms()
            for packet in self._decoder.feed(chunk[:count]):
                if self.connected:
                    self._take(packet)
                else:
                    self._take_connack(packet)
            # A broker that sends but does not read must not fill our memory with answers.
            await self._room()

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
        has been heard for as long: a board that only ever publishes at QoS 0 would not notice a dead line
        otherwise. It is the one deadline of a live connection: a writer that cannot write cannot send the
        PINGREQ either."""
        due = self._keepalive * 750
        grace = min(self._keepalive * 500, 10000)
        while self._keepalive:
            now = time.ticks_ms()
            idle = max(time.ticks_diff(now, self._sent_at), time.ticks_diff(now, self._heard_at))
            if idle < due:
                await asyncio.sleep_ms(due - idle)
                continue
            self._pong.clear()
            self._send(mqtt.PINGREQ_PACKET)
            await _within(grace, self._pong.wait(), "PINGRESP")

    # --- packets

    def _send(self, item):
        self._out.append(item)
        self._more.set()

    async def _room(self):
        """Waits until the writer keeps up; False when there is no connection."""
        while self.connected and len(self._out) >= _OUT_LIMIT:
            self._moved.clear()
            await self._moved.wait()
        return self.connected

    def _take_connack(self, packet):
        if packet[0] != mqtt.CONNACK:
            raise ProtocolError("packet type %d before CONNACK [MQTT-3.2.0-1]" % packet[0])
        if packet[2]:
            raise from_connack(packet[2])
        if packet[1] and self._clean:
            raise ProtocolError("a session after a clean start [MQTT-3.2.2-1]")
        self._sent_at = time.ticks_ms()
        for item in self._session.resume(packet[1]):
            self._send(item)
        if self._announce:
            # QoS 0 is enough: it is lost only together with the connection, and then the last will speaks.
            self._send(mqtt.publish(self.topic("status"), b"online", 0, True))
        self.connected = True
        self.fault = None
        self._up.set()
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
                self._send(mqtt.puback(packet_id))
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


async def _within(ms, work, what):
    try:
        return await asyncio.wait_for_ms(work, ms)
    except asyncio.TimeoutError:
        raise BrokerSilent("no %s within %d ms" % (what, ms))
