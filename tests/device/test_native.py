"""_countersign itself: TLS and MQTT on streams, without the package around them."""

import asyncio
import gc
import io
import os
import select
import socket
import time

import _board
import broker
import check
from _countersign import (
    CONNECTED, ENDED, MESSAGE, MQTT, NO_ROOM, NOT_CONNECTED, OVERSIZE, PUBLISHED, SUBSCRIBED, TLS,
    Credentials)
from broker import new_client, running
from countersign.backend import backend

_POLL = 3  # MP_STREAM_POLL


def credentials(name="user1", anchors=("ours",)):
    return Credentials(broker.read("%s/%s.der" % (broker.FIXTURE, name)),
                       broker.read("%s/%s.key.der" % (broker.FIXTURE, name)),
                       [broker.read("%s/%s.der" % (broker.FIXTURE, anchor)) for anchor in anchors])


def dial(port=None):
    """A blocking socket."""
    sock = socket.socket()
    sock.connect(socket.getaddrinfo("127.0.0.1", port or broker.GOOD)[0][-1])
    return sock


class Counted(io.IOBase):
    """A stream made in Python, around a socket, that counts what is written to it. `patience`: how long a
    poll waits for the other side to speak, in ms."""

    def __init__(self, sock, patience=0):
        self._sock = sock
        self._patience = patience
        self._poll = select.poll()
        self._poll.register(sock, select.POLLIN)
        self.writes = 0
        self.last = None

    def readinto(self, buffer):
        return self._sock.readinto(buffer)

    def write(self, data):
        self.writes += 1
        self.last = bytes(data)
        return self._sock.write(data)

    def ioctl(self, request, argument):
        if request == _POLL and argument & select.POLLIN and self._poll.poll(self._patience):
            return select.POLLIN
        return 0


def next_event(mqtt):
    while True:
        event = mqtt.advance(True)
        if event:
            return event


def test_a_handshake_takes_four_writes():
    """ClientHello; our certificate; our half of the key; the rest."""
    stream = Counted(dial())
    tls = TLS(stream, credentials(), "127.0.0.1")
    while not tls.handshake():
        pass
    check.equal(stream.writes, 4)
    check.equal((tls.alert(), tls.verdict(), tls.resumed()), (None, 0, False))
    tls.close()


class Deaf(io.IOBase):
    """Takes what is written, and has nothing to read."""

    def __init__(self):
        self.taken = b""

    def readinto(self, buffer):
        return None

    def write(self, data):
        self.taken += data
        return len(data)

    def ioctl(self, request, argument):
        return 0


def test_a_client_hello_tells_names_and_no_addresses_rfc_6066_3():
    for host, told in (("localhost", True), ("127.0.0.1", False), ("::1", False)):
        stream = Deaf()
        tls = TLS(stream, credentials(), host)
        check.equal((host, tls.handshake(), host.encode() in stream.taken), (host, False, told))
        tls.close()


def test_closing_says_so_rfc_5246_7_2_1():
    """Without close_notify OpenSSL would forget the session."""
    stream = Counted(dial())
    tls = TLS(stream, credentials(), "127.0.0.1")
    while not tls.handshake():
        pass
    writes = stream.writes
    tls.close()
    check.equal((stream.writes, stream.last[0], len(stream.last)), (writes + 1, 21, 31))


def test_a_session_is_resumed_and_shows_no_certificate():
    first = TLS(dial(), credentials(), "127.0.0.1")
    check.equal(first.handshake(), True)
    saved = first.save()
    check.true(100 < len(saved) < 1000, "%d bytes" % len(saved))
    check.true(time.time() < first.shown_until() < time.time() + 366 * 86400)
    first.close()
    for broken in (b"", b"x", saved[:-1], bytes(len(saved))):
        again = TLS(dial(), credentials(), "127.0.0.1", broken)
        check.equal((again.handshake(), again.resumed()), (True, False))
        again.close()
    again = TLS(dial(), credentials(), "127.0.0.1", saved)
    check.equal((again.handshake(), again.resumed(), again.shown_until()), (True, True, None))
    again.close()


def fails(name, port):
    """(alert, verdict) of a handshake that must fail."""
    tls = TLS(dial(port), credentials(name), "127.0.0.1")
    check.raises(OSError, tls.handshake)
    result = tls.alert(), tls.verdict()
    tls.close()
    return result


def test_alerts_are_read_every_time_rfc_5246_7_2_2():
    for _ in range(20):
        check.equal(fails("old", broker.GOOD), (45, 0))  # certificate_expired
        check.equal(fails("intruder", broker.GOOD), (48, 0))  # unknown_ca


def test_nothing_more_is_written_to_a_broker_that_has_objected_to_our_certificate():
    stream = Counted(dial(), patience=5000)
    tls = TLS(stream, credentials("old"), "127.0.0.1")
    check.raises(OSError, tls.handshake)
    check.equal((stream.writes, tls.alert()), (2, 45))
    tls.close()


def test_verdicts():
    check.equal(fails("user1", broker.EXPIRED)[1], 0x01)
    check.equal(fails("user1", broker.NOT_YET)[1], 0x0200)
    check.equal(fails("user1", broker.OTHER_NAME)[1], 0x04)
    check.equal(fails("user1", broker.STRANGER)[1], 0x08)


def test_a_broker_known_from_before_is_still_looked_at():
    """Only a signature that was verified before is not verified again; dates, names and strangers are."""
    ours = credentials()
    for _ in range(2):
        tls = TLS(dial(), ours, "127.0.0.1")
        check.equal((tls.handshake(), tls.resumed()), (True, False))
        tls.close()
        for port, verdict in ((broker.EXPIRED, 0x01), (broker.NOT_YET, 0x0200), (broker.OTHER_NAME, 0x04),
                              (broker.STRANGER, 0x08)):
            tls = TLS(dial(port), ours, "127.0.0.1")
            check.raises(OSError, tls.handshake)
            check.equal((port, tls.verdict()), (port, verdict))
            tls.close()


def test_what_is_no_identity():
    check.raises(ValueError, Credentials, b"", b"", [])
    check.raises(ValueError, Credentials, broker.read(broker.FIXTURE + "/user1.der"), b"key", [])
    check.raises(TypeError, TLS, dial(), None, "host")
    check.raises(OSError, TLS, 1, credentials(), "host")  # no stream


def test_a_closed_tls_is_closed():
    tls = TLS(dial(), credentials(), "127.0.0.1")
    tls.handshake()
    tls.close()
    tls.close()
    check.raises(OSError, tls.read, 1)
    check.raises(OSError, tls.write, b"x")
    check.raises(OSError, tls.handshake)


def connected(receive=256, window=4, will=None, clean=True):
    tls = TLS(dial(), credentials(), "127.0.0.1")
    tls.handshake()
    mqtt = MQTT(window, receive)
    mqtt.connect(tls, "native", 60, clean, will, 5000)
    check.equal(next_event(mqtt), (CONNECTED, False))
    return mqtt, tls


def test_every_quality_of_service_both_ways():
    mqtt, tls = connected()
    check.equal(mqtt.subscribe("native/#", 2), 1)
    check.equal(next_event(mqtt), (SUBSCRIBED, 1, b"\x02"))
    for qos in (0, 1, 2):
        packet_id = mqtt.publish("native/topic", "payload %d" % qos, qos, False)
        check.equal(packet_id > 0, qos > 0)
        wanted = [(MESSAGE, "native/topic", b"payload %d" % qos, None)]
        wanted += [(PUBLISHED, packet_id)] if qos else []
        check.equal(sorted(next_event(mqtt) for _ in wanted), sorted(wanted))
        check.equal(mqtt.pending(), 0)
    tls.close()


def test_what_is_published_in_one_go_leaves_in_few_writes():
    stream = Counted(dial())
    tls = TLS(stream, credentials(), "127.0.0.1")
    while not tls.handshake():
        pass
    mqtt = MQTT(16, 256)
    mqtt.connect(tls, "burst", 60, True, None, 5000)
    check.equal(next_event(mqtt), (CONNECTED, False))
    before = stream.writes
    for i in range(10):
        mqtt.publish("t", b"%d" % i, 0, False)
        mqtt.publish("t", b"%d" % i, 1, False)
    check.equal(stream.writes, before)
    while mqtt.pending():
        next_event(mqtt)
    check.equal(stream.writes, before + 1)
    tls.close()


def test_the_window_and_memory_that_grows():
    mqtt, tls = connected(window=2, receive=256)
    check.equal(mqtt.subscribe("native/big", 0), 1)
    check.equal(next_event(mqtt)[0], SUBSCRIBED)
    big = b"0123456789" * 1000
    check.true(mqtt.publish("native/big", big, 1, False) > 0)
    check.equal(mqtt.publish("native/big", big, 1, False), NO_ROOM)  # memory is for one such message
    events = [next_event(mqtt) for _ in range(2)]
    check.equal(sorted(event[0] for event in events), [OVERSIZE, PUBLISHED])
    check.equal([event[1:] for event in events if event[0] == OVERSIZE], [("native/big", 10000)])
    check.equal(mqtt.publish("native/big", big, 0, False), 0)
    check.equal(next_event(mqtt), (OVERSIZE, "native/big", 10000))
    for _ in range(2):
        check.true(mqtt.publish("elsewhere", b"", 1, False) > 0)
    check.equal(mqtt.publish("elsewhere", b"", 1, False), NO_ROOM)
    tls.close()


def test_what_cannot_be_published():
    mqtt = MQTT(4, 256)
    check.equal(mqtt.publish("t", b"", 0, False), NOT_CONNECTED)
    for topic in ("", "a/+", "#", "a\0"):
        check.raises(ValueError, mqtt.publish, topic, b"", 1, False)
    check.raises(ValueError, mqtt.publish, "t", b"", 3, False)
    check.raises(TypeError, mqtt.publish, "t", None, 1, False)
    check.true(mqtt.publish("kept", b"until there is a connection", 1, False) > 0)
    check.equal(mqtt.advance(True), None)


def test_the_broker_dies():
    mqtt, tls = connected()
    broker.command("kill")
    check.equal(next_event(mqtt), (ENDED,))
    mqtt.close(False)
    tls.close()
    broker.command("start")


def test_disconnect_is_clean_mqtt_3_14_4_3():
    heard = broker.listen("-t native/will", "-R")
    mqtt, tls = connected(will=("native/will", b"died", 0, False))
    mqtt.disconnect()
    check.equal(next_event(mqtt)[1], 0)
    tls.close()
    mqtt, tls = connected(will=("native/will", b"really", 0, False))
    tls.close()
    asyncio.run(broker.until(lambda: broker.heard(heard) == ["really"], "the second will"))
    asyncio.new_event_loop()


async def test_the_client_in_mqtt_5():
    client = new_client(version=5)
    stream = client.subscribe("echo", qos=2)
    with open(broker.FIXTURE + "/mosquitto.log", "rb") as log:
        log.seek(0, 2)
        async with running(client):
            await stream.ready()
            check.true(b"as user1 (p5, c0, k60" in log.read(), "the broker's log says p5: MQTT 5")
            for qos in (0, 1, 2):
                await client.publish("echo", b"%d" % qos, qos)
                heard = await asyncio.wait_for(stream.__anext__(), 10)
                check.equal(heard, ("devices/user1/echo", b"%d" % qos))
            check.equal(client.pending, 0)


async def test_a_goodbye_ends_when_the_broker_is_the_first_to_hang_up():
    board = broker.board()
    context = backend.context_of(board.certificate(), board.key(), board.anchors())
    hello = board.user, 60, True, None
    for _ in range(10):
        ours = backend.Backend(8, 4096, print, 4)
        ours.connect(await ours.dial("127.0.0.1", broker.GOOD, context, hello), hello)
        await ours.connection.established()
        await asyncio.wait_for(ours.goodbye(), 5)
        ours.connection.stop()


async def test_nothing_is_left_behind_by_many_connections():
    client = new_client()
    connections = 0
    accepted = client._backend.connect

    def connect(link, hello):
        nonlocal connections
        connections += 1
        accepted(link, hello)

    client._backend.connect = connect

    async def again(i):
        if i % 2:
            client._context.binding.forget()  # every other handshake is a full one
        wanted = connections + 1
        leaving = asyncio.create_task(client.reconnect())
        await broker.until(lambda: connections == wanted and client.connected, "the next connection")
        leaving.cancel()
        await client.publish("state", "ON", qos=2)
        client.lines.clear()

    async def used():
        await asyncio.sleep_ms(200)  # the last connection has gone all the way
        gc.collect()
        gc.collect()  # what a finaliser let go goes with the second
        return gc.mem_alloc(), _board.native_heap()

    async with running(client):
        for i in range(20):
            await again(i)
        heap, native = await used()
        for i in range(int(os.getenv("SOAK") or 100)):  # SOAK=10000 for the long run, some minutes
            await again(i)
        for i in range(5):
            more = [now - before for now, before in zip(await used(), (heap, native))]
            if max(more) < 2000:
                break
            await again(i)  # a word left on the stack can keep one old object, but not one more each time
    check.true(max(more) < 2000, "%d bytes more in MicroPython's heap, %d outside of it" % tuple(more))


check.run(globals())
