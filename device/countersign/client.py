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

from . import errors
from .backend import backend
from .backoff import Backoff
from .clock import Clock
from .connection import Reconnect
from .memory import lean
from .subscription import Subscription

# A message of the authority and its topic, docs/protocol.md.
_LIFECYCLE_LIMIT = const(4096 + 128)
_STARVED = const(3)  # times without memory in a row


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
    deadline       seconds for each address, from the first word to the broker's CONNACK; one at which nothing
                   answers is given up sooner (tcp.py)
    network        async function called before every attempt: brings the Wi-Fi up
    log            called with one line of text when the connection comes up or fails
    version        of MQTT: 4 is 3.1.1, 5 is 5.0 (firmware with _countersign)
    remember       keep the TLS session in flash, to be resumed after deep sleep (firmware with _countersign)
    lifecycle      keeps the identity alive (lifecycle.Lifecycle); without one it is used until it expires
    context        backend.make_context(identity), when that has been made already
    """

    def __init__(self, identity, brokers=None, keepalive=60, announce=True, clean_session=False,
                 receive_limit=4096, send_limit=16384, window=8, deadline=20, network=None, clock=None,
                 log=print, backoff=None, version=4, remember=False, lifecycle=None, context=None):
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
        self._context = context
        self._starved = 0  # times in a row
        self._changed = False  # the context is another identity's
        if context and remember:
            backend.remember(context, identity.files)
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
        for prefix in "devices/", "countersign/", "$":
            if topic.startswith(prefix):
                return topic
        return "devices/%s/%s" % (self.name, topic)

    async def publish(self, topic, payload, qos=1, retain=False, properties=None):
        """Above QoS 0: returns True when the broker has it, however many connections that takes. Giving up
        waiting (asyncio.wait_for) does not take the message back. QoS 0: False when there is no connection to
        send it on. QoS 2 needs the firmware with _countersign.

        properties, in MQTT 5: a dict with any of expires_after (seconds until nobody gets it any more),
        content_type, response_topic, correlation_data (bytes), user (a list of pairs of text)."""
        if isinstance(payload, str):
            payload = payload.encode()
        if len(payload) > self._send_limit:
            raise errors.PayloadTooLarge("%d bytes, send_limit is %d" % (len(payload), self._send_limit))
        _check_qos(qos)
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
        _check_qos(qos)
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

    async def run(self, retry=True):
        """Connects and stays connected until close(). With retry=False the first fault is raised instead; the
        third E-BOARD-MEMORY in a row always is, and one with a new identity: memory does not come back by
        waiting."""
        if self._runner:
            raise RuntimeError("this client runs already")
        self._runner = asyncio.current_task()
        self._ended.clear()
        try:
            while not self._closing:
                try:
                    if not await self._one_connection():
                        return
                except Reconnect:
                    pass
                except (errors.CountersignError, MemoryError) as e:
                    if self._closing:  # the broker hanging up after our DISCONNECT
                        return
                    await self._after(e, retry)
        except asyncio.CancelledError:
            if not self._closing:
                raise
        finally:
            self._runner = None
            self._ended.set()

    async def close(self, deadline=5):
        """Delivers what is on its way, says "offline", disconnects and ends run(), in `deadline` seconds."""
        from .leaving import close
        await close(self, deadline)

    def abort(self):
        """Drops the connection at once, outside of asyncio too; the broker then says "offline" for us."""
        if self._backend.connection:
            self._backend.connection.close()

    async def reconnect(self):
        """Finishes what is on its way, in 5 s at most, disconnects, connects as the lifecycle then says."""
        from .leaving import farewell
        await self._backend.connection.leave(farewell(self, 5))
        await asyncio.Event().wait()  # the end of the connection ends this task too

    # --- one connection

    async def _one_connection(self):
        """From the identity to the end of the connection, which is an exception. False: there is no identity
        to connect with."""
        try:
            if self._lifecycle and not self._take(await self._lifecycle.next_identity()):
                return False
            lean()
            await self._dial()
            self._starved = 0
            self._clock.tend()
            lean()
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

    async def _after(self, fault, retry):
        """After a connection that has failed, or did not come about: the pause, unless there is another
        identity to try at once. Or the fault, when it is the end."""
        self.fault = self._explained(fault)
        proving = self._lifecycle and self._lifecycle.proving
        if self._lifecycle and await self._lifecycle.failed(self, self.fault):
            return
        self._starved += 1
        if self.fault.code != "E-BOARD-MEMORY":
            self._starved = 0
        if not retry or self._starved == _STARVED or self._starved and proving:
            raise self.fault
        pause = self._backoff.next_ms(self.fault.permanent)
        self._log("%s Next try in %d s." % (self.fault, (pause + 999) // 1000))
        lean()
        await asyncio.sleep_ms(pause)

    # What is imported for the moment is in a function of its own: a variable would hold it.

    def _take(self, identity):
        """Whether there is one to connect with."""
        if identity and (self._identity is None or identity.folder != self._identity.folder):
            self._changed = True
            self._brokers = list(self._lifecycle.brokers(identity))
        self._identity = identity or self._identity
        return identity is not None

    async def _dial(self):
        from .dialling import dial
        await dial(self)

    def _explained(self, fault):
        from .dialling import explained
        return explained(self, fault)


def _check_qos(qos):
    if not 0 <= qos <= backend.MAX_QOS:
        raise errors.TopicInvalid("this firmware speaks QoS 0 to %d" % backend.MAX_QOS)
