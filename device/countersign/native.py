"""The backend in C++: _countersign's TLS and MQTT, and asyncio around them.

What blocks: the name lookup (tcp.py), and the arithmetic of a full handshake (docs/native.md has figures); a
resumed one has next to none.
"""

import asyncio

from _countersign import (
    CLOSED, CONNECTED, DISCONNECTED, DROPPED, ENDED, MESSAGE, MQTT, NO_ROOM, NOT_CONNECTED, OVERSIZE,
    PUBLISHED, REFUSED, REJECTED, SUBSCRIBED, TLS, Credentials, is_filter, is_topic, matches, wipe)
from micropython import const

from . import errors
from .clock import read_clock
from .connection import Connection
from .link import readable, writable
from .memory import lean_again
from .resumption import Binding
from .subscription import ASKED, LEAVING, Subscriptions

MAX_QOS = const(2)
VERSIONS = (4, 5)
_LEAST = const(64)  # bytes to receive an answer in
_UNANSWERED_MS = const(10000)  # how long a line that takes nothing is borne with once a PINGREQ is due

# DROPPED says why. Lost: a subscription that went down with its connection, or a QoS 2 message that the
# broker had taken over before it forgot us.
_DROPPED = (None, None, "it has expired", "larger than the broker takes", "the broker does not support it",
            "the broker hangs up on it")
# MQTT's CLOSED says by what: our own disconnect(), silence, or a broken promise of the broker.
_CLOSED_BY = ("ConnectionLost", "BrokerSilent", "ProtocolError")


def check_topic(topic):
    if not is_topic(topic):
        raise errors.TopicInvalid(repr(topic))
    return topic


def check_filter(topic_filter):
    if not is_filter(topic_filter):
        raise errors.TopicInvalid(repr(topic_filter))
    return topic_filter


class Context:
    """Who we are and whom we trust; what a saved session is bound to."""

    def __init__(self, certificate, key, anchors):
        self.credentials = Credentials(certificate, key, anchors)
        self.binding = Binding(certificate, anchors, read_clock)


def context_of(certificate, key, anchors, drop=None):
    """IdentityDamaged when mbedTLS does not take it."""
    if drop:
        drop()
    try:
        return Context(certificate, key, anchors)
    except (ValueError, TypeError) as e:
        raise errors.IdentityDamaged("mbedTLS says: %s" % e)


def remember(context, files):
    context.binding.keep_in(files)


def forget(key):
    """Wipes what has been read from a file and is used no more."""
    wipe(key)


class Link:
    """A socket, the TLS on it, and what becomes of the TLS session."""

    def __init__(self, sock, tls, binding, host, port):
        self.sock = sock
        self.tls = tls
        self._binding = binding
        self._address = host, port

    def is_good(self):
        """The broker has accepted us."""
        if not self.tls.resumed():
            self._binding.keep(*self._address, self.tls.save(), self.tls.shown_until())

    def is_doubtful(self):
        self._binding.forget()


class _Answer(asyncio.Event):
    """Set when a message's way has come to its end."""

    refusal = None


class Backend:
    def __init__(self, window, receive_limit, log, version):
        self.connection = None
        self.subscriptions = Subscriptions(matches)
        self.mqtt = MQTT(window, max(receive_limit, _LEAST), version)
        self.log = log
        self._unasked = []  # subscriptions for which there was no room to ask
        self._waiting = {}  # packet id: the _Answer its publisher waits for
        self._progress = asyncio.Event()  # something was acknowledged or written

    def pending(self):
        return len(self._waiting)

    async def dial(self, host, port, context, hello):
        from .tcp import open_socket
        sock = await open_socket(host, port)
        tls = None
        try:
            saved = context.binding.find(host, port)
            tls = TLS(sock, context.credentials, host, saved)
            while not tls.handshake():
                await (writable(sock) if tls.wants_write() else readable(sock))
        except (OSError, ValueError, MemoryError) as e:
            context.binding.forget()
            from .alerts import from_tls
            fault = from_tls(e, tls.alert() if tls else None, tls.verdict() if tls else 0)
            (tls or sock).close()
            raise fault
        except BaseException:  # the deadline's cancellation: the socket must not outlive it
            (tls or sock).close()
            raise
        return Link(sock, tls, context.binding, host, port)

    def connect(self, link, hello):
        self.connection = _Line(self, link, hello)

    async def publish(self, topic, payload, qos, retain, properties=None):
        while True:
            try:
                packet_id = self.mqtt.publish(topic, payload, qos, retain, properties)
            except ValueError as e:
                raise errors.MessageRefused(str(e))
            if packet_id >= 0:
                break
            if packet_id == NOT_CONNECTED:
                return False
            await self._room()
        if self.connection:
            self.connection.wake()
        if qos:
            answer = self._waiting[packet_id] = _Answer()
            await answer.wait()
            if answer.refusal:
                raise errors.MessageRefused(answer.refusal)
        return True

    async def _room(self):
        # What takes the room is on its way already: its publisher has woken the writer.
        self._progress.clear()
        await self._progress.wait()

    def progress(self):
        self._progress.set()

    def settled(self, packet_id, refusal=None):
        answer = self._waiting.pop(packet_id, None)
        if answer:
            answer.refusal = refusal
            answer.set()
        self._progress.set()

    def ask(self, subscription):
        if self.connection and self.connection.up:
            self._unasked.append(subscription)
            self.ask_on()

    def ask_all(self, subscriptions):
        self._unasked = subscriptions
        self.ask_on()

    def ask_on(self):
        """As far as there is room; the rest is asked for when an answer has come."""
        while self._unasked and self._ask_for(self._unasked[0]):
            self._unasked.pop(0)
        self.connection.wake()

    def _ask_for(self, subscription):
        """Whether there was room to."""
        try:
            if subscription.state == LEAVING:
                packet_id = self.mqtt.unsubscribe(subscription.topic_filter)
            else:
                packet_id = self.mqtt.subscribe(subscription.topic_filter, subscription.qos)
        except ValueError as e:  # the broker has said that it does not have this
            self.log("%s: %s" % (subscription.topic_filter, e))
            subscription.decide(False)
            return True
        if packet_id == NO_ROOM:
            return False
        subscription.packet_id = packet_id
        if subscription.state != LEAVING:
            subscription.state = ASKED
        return True

    async def drained(self):
        while self._waiting:
            self._progress.clear()
            await self._progress.wait()

    async def goodbye(self):
        while self.mqtt.disconnect() == NO_ROOM:
            await self._room()
        await self.connection.written()


class _Line(Connection):
    def __init__(self, backend, link, hello):
        super().__init__()
        user, keepalive, clean, will = hello
        self._backend = backend
        self._mqtt = backend.mqtt
        self._link = link
        self._sock = link.sock
        self._blocked = False  # the other side does not take what is to be sent
        self._hung_up = False  # the broker has
        self._awake = False  # the writer has been told that there is something to write
        self._more = asyncio.Event()
        self._mqtt.connect(link.tls, user, keepalive, clean, will, self.look_ms)
        self.run(self._write())
        self.run(self._read())
        self.wake()

    def wake(self):
        """What is published until the writer's turn comes goes out together."""
        if not self._awake:
            self._awake = True
            self._more.set()

    async def written(self):
        """Waits until nothing is left to write, or the connection is gone."""
        self.wake()
        while self.up and (self._awake or self._blocked):
            await self._motion()

    def _fail(self, error):
        if not self.up and not self._error:
            self._link.is_doubtful()
        if self.up and not self._leaving and isinstance(error, errors.ConnectionLost):
            self._hung_up = True
        super()._fail(error)

    def _hang_up(self):
        self._mqtt.close(self._hung_up)
        self._link.tls.close()
        self._backend.progress()

    async def _read(self):
        while True:
            await readable(self._sock)
            self._advance(True)
            # A broker that sends but does not read must not fill our memory with answers.
            while self._blocked:
                await self._motion()

    async def _write(self):
        while True:
            await self._more.wait()
            self._more.clear()
            self._awake = False
            self._advance(False)
            while self._blocked:
                await writable(self._sock)
                self._advance(True)

    async def _keep_time(self):
        """For the keepalive, which is the session's: it pings, and says when no answer has come."""
        self._link.is_good()  # may write to flash: whoever waits for the connection does not wait for that
        overdue = 0
        while True:
            due = self._mqtt.next_tick()
            pause = self.look_ms if due is None else min(due, self.look_ms)
            if due == 0 and self._blocked:
                if overdue >= _UNANSWERED_MS:
                    raise errors.BrokerSilent("it takes nothing any more")
                pause = 100
                overdue += pause
            else:
                overdue = 0
            lean_again()
            await asyncio.sleep_ms(pause)
            if not self._blocked:
                self._advance(False)

    def _advance(self, readable):
        """All that can be done without waiting."""
        while True:
            event = self._mqtt.advance(readable)
            if not event:
                break
            self._take(event)
        self._blocked = event is False
        if self._blocked:
            self.wake()
        self._moved.set()
        self._backend.progress()

    def _take(self, event):
        kind = event[0]
        if kind == PUBLISHED:
            self._backend.settled(event[1])
        elif kind == MESSAGE:
            self._backend.subscriptions.route(event[1], event[2], event[3])
        elif kind == CONNECTED:
            self._accepted()
            self.run(self._keep_time())  # not before: its first pause would be as long as a CONNACK may take
            self._backend.ask_all(self._backend.subscriptions.resume(event[1]))
        else:
            self._take_other(kind, event)

    def _take_other(self, kind, event):
        subscriptions = self._backend.subscriptions
        if kind == OVERSIZE:
            self._backend.log(
                "Skipped a message of %d bytes to %s: larger than receive_limit" % (event[2], event[1]))
        elif kind == DROPPED:
            self._backend.settled(event[1], _DROPPED[event[2]])
        elif kind == REJECTED:
            self._backend.settled(event[1], "its reason code: 0x%02x" % event[2])
        elif kind == REFUSED:
            from .faults import from_connack
            raise from_connack(event[1])
        elif kind == DISCONNECTED:
            from .faults import from_disconnect
            raise from_disconnect(event[1])
        elif kind == CLOSED:
            raise getattr(errors, _CLOSED_BY[event[1]])(event[2])
        elif kind == ENDED:
            if self.up:
                raise errors.ConnectionLost("the broker closed it")
            raise errors.BrokerRefused("it closed the connection without an answer")
        else:
            if kind == SUBSCRIBED:
                refused = subscriptions.subscribed(event[1], event[2])
                if refused:
                    self._backend.log("The broker refused the subscription to " + refused.topic_filter)
            else:
                subscriptions.unsubscribed(event[1])
            self._backend.ask_on()
