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

from . import x509
from .backend import backend, make_context
from .backoff import Backoff
from .clock import Clock
from .connection import Reconnect, within
from .dates import text
from .errors import (
    BrokerRefused, BrokerSilent, BrokerUnreachable, CertExpired, CertNotYet, CountersignError,
    PayloadTooLarge, TopicInvalid)
from .subscription import Subscription

# A message of the authority and its topic, docs/protocol.md.
_LIFECYCLE_LIMIT = const(4096 + 128)
_QOS = "this firmware speaks QoS 0 to %d" % backend.MAX_QOS
_ABSOLUTE = ("devices/", "countersign/", "$")


def _weight(fault):
    return fault.own, not isinstance(fault, (BrokerSilent, BrokerUnreachable))


class Client:
    """
    identity       countersign.load_identity()
    brokers        [(host, port), …] tried in this order; default: the identity's
    keepalive      seconds; after one and a half of them the broker says "offline" for this board
    announce       keep devices/<name>/status (retained) at "online", and by last will at "offline"
    clean_session  True: the broker forgets subscriptions and undelivered commands at every disconnect
    receive_limit  bytes of the largest message taken; a larger one is skipped, acknowledged and logged
    send_limit     bytes of the largest payload sent
    window         messages above QoS 0 on their way at once
    deadline       seconds for one attempt to connect, from the name lookup to the broker's CONNACK
    network        async function called before every attempt: brings the Wi-Fi up
    log            called with one line of text when the connection comes up or fails
    version        of MQTT: 4 is 3.1.1, 5 is 5.0 (firmware with _countersign)
    remember       keep the TLS session in flash, to be resumed after deep sleep (firmware with _countersign)
    lifecycle      keeps the identity alive (lifecycle.Lifecycle); without one it is used until it expires
    """

    def __init__(self, identity, brokers=None, keepalive=60, announce=True, clean_session=False,
                 receive_limit=4096, send_limit=16384, window=8, deadline=20, network=None, clock=None,
                 log=print, backoff=None, version=4, remember=False, lifecycle=None):
        self.name = identity.name
        self.fault = None  # why the last attempt or connection ended; None while connected
        self._identity = identity
        self._brokers = list(brokers or identity.brokers)
        self._keepalive = keepalive
        self._announce = announce
        self._clean = clean_session
        self._send_limit = send_limit
        self._deadline_ms = deadline * 1000
        self._network = network
        self._clock = clock or Clock(identity.files)
        self._log = log
        self._backoff = backoff or Backoff()
        limit = max(receive_limit, _LIFECYCLE_LIMIT) if lifecycle else receive_limit
        if version not in backend.VERSIONS:
            raise ValueError("this firmware does not speak MQTT of version %r" % version)
        self._version = version
        self._backend = backend.Backend(window, limit, log, version)
        self._context = None
        self._remember = remember
        self._closing = False
        self._runner = None  # the task in run()
        self._up = asyncio.Event()
        self._ended = asyncio.Event()
        self._lifecycle = lifecycle
        if lifecycle:
            lifecycle.attach(self)

    # --- what a program calls

    @property
    def connected(self):
        connection = self._backend.connection
        return connection is not None and connection.up

    @property
    def pending(self):
        """Messages above QoS 0 that the broker has not acknowledged yet."""
        return self._backend.pending()

    def topic(self, topic):
        """The full topic for one of the board's own."""
        absolute = any(topic.startswith(start) for start in _ABSOLUTE)
        return topic if absolute else "devices/%s/%s" % (self.name, topic)

    async def publish(self, topic, payload, qos=1, retain=False, properties=None):
        """Above QoS 0: returns True when the broker has it, however many connections that takes. Giving up
        waiting (asyncio.wait_for) does not take the message back. QoS 0: False when there is no connection to
        send it on. QoS 2 needs the firmware with _countersign.

        properties, in MQTT 5: a dict with any of expires_after (seconds until nobody gets it any more),
        content_type, response_topic, correlation_data (bytes), user (a list of pairs of text)."""
        if isinstance(payload, str):
            payload = payload.encode()
        if len(payload) > self._send_limit:
            raise PayloadTooLarge("%d bytes, send_limit is %d" % (len(payload), self._send_limit))
        if qos > backend.MAX_QOS:
            raise TopicInvalid(_QOS)
        if properties and self._version < 5:
            raise ValueError("only MQTT 5 has properties: Client(version=5)")
        topic = backend.check_topic(self.topic(topic))
        return await self._backend.publish(topic, payload, qos, retain, properties)

    def subscribe(self, topic_filter, callback=None, qos=1, depth=16, properties=False):
        """A Subscription; it is asked for now or at the next connect, and again whenever the broker has
        forgotten it.

        callback(topic, payload) is a plain function that returns soon. Without one, fetch with `async for
        topic, payload in subscription`; of more than `depth` waiting messages the oldest is dropped (and
        counted). With properties=True both get a third item, the properties as publish() takes them."""
        if not 0 <= qos <= backend.MAX_QOS:
            raise TopicInvalid(_QOS)
        topic_filter = backend.check_filter(self.topic(topic_filter))
        subscription = Subscription(topic_filter, callback, qos, depth, properties)
        self._backend.subscriptions.all.append(subscription)
        self._backend.ask(subscription)
        return subscription

    def unsubscribe(self, subscription):
        self._backend.subscriptions.leave(subscription)
        self._backend.ask(subscription)

    async def wait_connected(self):
        await self._up.wait()

    async def look_after_identity(self, seconds):
        """Waits until the identity needs nothing for now, or for so long."""
        if self._lifecycle:
            try:
                await asyncio.wait_for(self._lifecycle.at_rest(), seconds)
            except asyncio.TimeoutError:
                pass

    async def run(self, retry=True):
        """Connects and stays connected until close(). With retry=False the first fault is raised instead."""
        if self._runner:
            raise RuntimeError("this client runs already")
        self._runner = asyncio.current_task()
        self._ended.clear()
        try:
            while not self._closing:
                try:
                    if not self._take_identity():
                        return
                    await self._one_connection()
                except Reconnect:
                    pass
                except CountersignError as e:
                    if self._closing:  # the broker hanging up after our DISCONNECT
                        return
                    self.fault = self._explain(e)
                    if isinstance(self.fault, (CertExpired, CertNotYet)):
                        self._clock.doubt()
                    if self._lifecycle and await self._lifecycle.failed(self, self.fault):
                        continue
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
            self._ended.set()

    async def close(self, deadline=5):
        """Delivers what is on its way, says "offline", disconnects and ends run(), in `deadline` seconds."""
        self._closing = True
        if self.connected:
            await self._farewell_within(deadline)
        if self._runner:
            self._runner.cancel()
            await self._ended.wait()

    def abort(self):
        """Drops the connection at once, outside of asyncio too; the broker then says "offline" for us."""
        if self._backend.connection:
            self._backend.connection.close()

    # --- what the lifecycle calls

    async def reconnect(self):
        """Finishes what is on its way, in 5 s at most, disconnects, connects as the lifecycle then says."""
        await self._backend.connection.leave(self._farewell_within(5))
        await asyncio.Event().wait()  # the end of the connection ends this task too

    def helper(self, lifecycle, identity, brokers):
        """A second Client on the same network and clock, to run while this one is not connected."""
        return Client(identity, brokers, announce=False, clean_session=True, receive_limit=0,
                      deadline=self._deadline_ms // 1000, network=self._network, clock=self._clock,
                      log=self._log, lifecycle=lifecycle)

    # --- one connection

    def _take_identity(self):
        """Whether there is one to connect with."""
        if not self._lifecycle:
            return True
        identity = self._lifecycle.identity()
        if identity is None:
            return False
        if self._identity is None or identity.folder != self._identity.folder:
            self._context = None
            self._brokers = list(self._lifecycle.brokers(identity))
        self._identity = identity
        return True

    async def _one_connection(self):
        try:
            if self._network:
                await self._network()
            await within(self._deadline_ms, self._open(), "CONNACK")
            born = time.ticks_ms()
            if self._lifecycle:
                self._backend.connection.run(self._lifecycle.serve(self))
            try:
                await self._backend.connection.ended()
            finally:
                self._backoff.lived(time.ticks_diff(time.ticks_ms(), born))
        finally:
            self._up.clear()
            if self._backend.connection:
                self._backend.connection.stop()
                self._backend.connection = None

    async def _open(self):
        will = (self.topic("status"), b"offline", 1, True) if self._announce else None
        hello = self._identity.user, self._keepalive, self._clean, will
        link = await self._dial_at_floor_too(hello)
        self._backend.connect(link, hello)
        await self._backend.connection.established()
        if self._announce:
            # QoS 0 is enough: it is lost only together with the connection, and then the last will speaks.
            await self._backend.publish(self.topic("status"), b"online", 0, True)
        self.fault = None
        self._up.set()
        self._log("Connected to %s:%d as %s" % (self._brokers[0] + (self._identity.user,)))

    async def _dial_at_floor_too(self, hello):
        """The clock may have fallen back while the board ran: never below what is proven. Or it may have been
        sent ahead: after "expired" one more try at the newest proven time."""
        self._clock.tend()
        try:
            return await self._dial(hello)
        except CertExpired as e:
            ahead = not e.own and self._clock.step_back_to_floor()
            if not ahead:
                raise
            try:
                return await self._dial(hello)
            except BaseException:
                self._clock.step_forward(ahead)
                raise

    async def _dial(self, hello):
        """The first broker that lets us in; it stays at the front of the list. Or the fault that tells most:
        a refusal of our own certificate more than anything, and any answer more than silence."""
        if self._context is None:
            self._context = make_context(self._identity)
            if self._remember:
                backend.remember(self._context, self._identity.files)
        worst = None
        for left in range(len(self._brokers) - 1, -1, -1):
            host, port = self._brokers[0]
            try:
                return await self._backend.dial(host, port, self._context, hello)
            except CountersignError as e:
                if worst is None or _weight(e) > _weight(worst):
                    worst = e
                self._brokers.append(self._brokers.pop(0))
                if left:
                    self._log("%s Next in the list: %s:%d." % ((e,) + self._brokers[0]))
        raise worst

    def _explain(self, fault):
        """Stock firmware does not tell why a broker ended the handshake; our own certificate's dates may."""
        if isinstance(fault, (BrokerRefused, CertExpired)) and fault.own:
            try:
                begins, ends = x509.validity(self._identity.certificate())
            except ValueError:
                return fault
            now = self._clock.now()
            if now > ends or isinstance(fault, CertExpired):
                fault = CertExpired("this board's own, on " + text(ends))
                fault.own = True
            elif now < begins:
                fault = CertNotYet("this board's own, which begins " + text(begins))
        return fault

    async def _farewell_within(self, seconds):
        try:
            await asyncio.wait_for(self._farewell(), seconds)
        except asyncio.TimeoutError:
            pass

    async def _farewell(self):
        await self._backend.drained()
        if self._announce:
            await self._backend.publish(self.topic("status"), b"offline", 0, True)
        await self._backend.goodbye()
