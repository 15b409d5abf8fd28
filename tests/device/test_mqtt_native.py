"""_countersign's MQTT on a stream made in Python: bytes in, bytes out, no broker."""

import io

import check
from _countersign import (
    CLOSED, CONNECTED, DISCONNECTED, DROPPED, ENDED, MESSAGE, MQTT, NO_ROOM, OVERSIZE, PUBLISHED, REFUSED,
    REJECTED, SUBSCRIBED, UNSUBSCRIBED, is_filter, is_topic, matches)

CONNACK = b"\x20\x02\x00\x00"
CONNACK_SESSION = b"\x20\x02\x01\x00"
CONNACK_5 = b"\x20\x03\x00\x00\x00"


class Pipe(io.IOBase):
    """What the other side sends is put into `incoming`; what it takes at a time is `room` bytes."""

    def __init__(self, room=1000000):
        self.incoming = b""
        self.sent = b""
        self.room = room
        self.fault = None

    def readinto(self, buffer):
        if self.incoming is None:
            return 0
        if not self.incoming:
            return None
        count = min(len(buffer), len(self.incoming))
        buffer[:count] = self.incoming[:count]
        self.incoming = self.incoming[count:]
        return count

    def write(self, data):
        if self.fault:
            raise self.fault
        if not self.room:
            return None
        taken = bytes(data[:self.room])
        self.sent += taken
        return len(taken)

    def ioctl(self, request, argument):
        return 0

    def take(self):
        sent, self.sent = self.sent, b""
        return sent


def events(mqtt):
    """All there are now; False at the end when it waits for the pipe to take more."""
    found = []
    while True:
        event = mqtt.advance(True)
        if not event:
            return found if event is None else found + [False]
        found.append(event)
        if event[0] in (CLOSED, ENDED):
            return found


def connected(version=4, window=4, receive=64, connack=CONNACK, will=None):
    mqtt, pipe = MQTT(window, receive, version), Pipe()
    mqtt.connect(pipe, "board", 60, False, will, 5000)
    check.equal(events(mqtt), [])
    hello = pipe.take()
    pipe.incoming = connack
    check.equal(events(mqtt), [(CONNECTED, bool(connack[2]))])
    return mqtt, pipe, hello


def test_connect_mqtt_3_1_2():
    _, _, hello = connected(will=("w", b"gone", 1, True))
    check.equal(hello, b"\x10\x1a\x00\x04MQTT\x04\x2c\x00\x3c\x00\x05board\x00\x01w\x00\x04gone")


def test_connect_5_keeps_the_session_for_good():
    _, _, hello = connected(5, connack=CONNACK_5)
    check.equal(hello[:12], b"\x10" + hello[1:2] + b"\x00\x04MQTT\x05\x00\x00\x3c")
    check.true(b"\x11\xff\xff\xff\xff" in hello, "session expiry interval 0xFFFFFFFF")


def test_qos_1_and_2_by_the_byte():
    mqtt, pipe, _ = connected()
    check.equal(mqtt.publish("t", b"x", 1, True), 1)
    check.equal(mqtt.publish("t", b"y", 2, False), 2)
    check.equal(events(mqtt), [])
    check.equal(pipe.take(), b"\x33\x06\x00\x01t\x00\x01x" b"\x34\x06\x00\x01t\x00\x02y")
    pipe.incoming = b"\x40\x02\x00\x01" b"\x50\x02\x00\x02"
    check.equal(events(mqtt), [(PUBLISHED, 1)])
    check.equal(pipe.take(), b"\x62\x02\x00\x02")  # PUBREL
    pipe.incoming = b"\x70\x02\x00\x02"
    check.equal(events(mqtt), [(PUBLISHED, 2)])


def test_a_qos_2_message_comes_once_mqtt_4_3_3_2():
    mqtt, pipe, _ = connected()
    message = b"\x34\x06\x00\x01t\x00\x07y"
    pipe.incoming = message
    check.equal(events(mqtt), [(MESSAGE, "t", b"y", None)])
    check.equal(pipe.take(), b"\x50\x02\x00\x07")
    pipe.incoming = bytes((message[0] | 8,)) + message[1:]  # DUP: our PUBREC was lost
    check.equal(events(mqtt), [])
    check.equal(pipe.take(), b"\x50\x02\x00\x07")
    pipe.incoming = b"\x62\x02\x00\x07"
    check.equal(events(mqtt), [])
    check.equal(pipe.take(), b"\x70\x02\x00\x07")


def test_an_answer_goes_out_after_the_message_was_handed_over_mqtt_4_3_2_2():
    mqtt, pipe, _ = connected()
    pipe.incoming = b"\x32\x06\x00\x01t\x00\x07y"
    check.equal(mqtt.advance(True), (MESSAGE, "t", b"y", None))
    check.equal(pipe.take(), b"")
    check.equal(mqtt.advance(True), None)
    check.equal(pipe.take(), b"\x40\x02\x00\x07")


def test_any_way_of_taking_gives_the_same_bytes():
    wanted = None
    for room in (1000000, 1, 2, 3, 7, 100, 1023, 1024, 1025):
        mqtt, pipe, _ = connected(window=8)
        pipe.room = room
        for i in range(4):
            check.true(mqtt.publish("topic", b"%d" % i * 200, 1, False) > 0)
            check.equal(mqtt.publish("small", b"%d" % i, 0, False), 0)
        pipe.room = 0
        check.equal(events(mqtt), [False])
        check.equal(mqtt.publish("later", b"while nothing is taken", 1, False) > 0, True)
        pipe.room = room
        check.equal(events(mqtt), [])
        wanted = wanted or pipe.sent
        check.equal(pipe.take(), wanted)
    check.equal(len(wanted), 4 * (1 + 2 + 7 + 2 + 200) + 4 * (2 + 7 + 1) + 2 + 7 + 2 + 22)


def test_memory_does_not_move_while_it_is_being_written():
    mqtt, pipe, _ = connected(window=8)
    pipe.room = 0
    check.true(mqtt.publish("t", b"x" * 2000, 1, False) > 0)
    check.equal(events(mqtt), [False])
    check.equal(mqtt.publish("t", b"y" * 4000, 1, False), NO_ROOM)
    check.equal(mqtt.publish("t", b"y" * 4000, 0, False), NO_ROOM)
    pipe.room = 999
    pipe.incoming = b"\x40\x02\x00\x01"
    check.equal(events(mqtt), [(PUBLISHED, 1)])
    check.true(mqtt.publish("t", b"y" * 4000, 1, False) > 0)
    check.equal(events(mqtt), [])
    check.equal(pipe.take()[-4000:], b"y" * 4000)


def test_what_the_broker_has_forgotten_goes_out_as_new():
    mqtt, pipe, _ = connected()
    mqtt.publish("t", b"x", 1, False)
    check.equal(events(mqtt), [])
    for connack, first in ((CONNACK_SESSION, b"\x3a"), (CONNACK, b"\x32")):
        mqtt.close(False)
        check.equal(mqtt.advance(True), None)
        pipe = Pipe()
        mqtt.connect(pipe, "board", 60, False, None, 5000)
        events(mqtt)
        pipe.take()
        pipe.incoming = connack
        check.equal(events(mqtt), [(CONNECTED, connack == CONNACK_SESSION)])
        check.equal(pipe.take(), first + b"\x06\x00\x01t\x00\x01x")


def test_a_subscription_goes_down_with_its_connection():
    mqtt, pipe, _ = connected()
    check.equal(mqtt.subscribe("a/#", 2), 1)
    check.equal(mqtt.unsubscribe("b"), 2)
    check.equal(events(mqtt), [])
    check.equal(pipe.take(), b"\x82\x08\x00\x01\x00\x03a/#\x02" b"\xa2\x05\x00\x02\x00\x01b")
    pipe.incoming = b"\xb0\x02\x00\x02"
    check.equal(events(mqtt), [(UNSUBSCRIBED, 2)])
    mqtt.close(False)
    pipe = Pipe()
    mqtt.connect(pipe, "board", 60, False, None, 5000)
    check.true((DROPPED, 1, 1) in events(mqtt))


def test_mqtt_5_says_why():
    mqtt, pipe, _ = connected(5, connack=CONNACK_5)
    check.equal(mqtt.publish("t", b"x", 1, False), 1)
    check.equal(mqtt.subscribe("a", 1), 2)
    pipe.incoming = b"\x40\x03\x00\x01\x87" b"\x90\x04\x00\x02\x00\x87" b"\xe0\x01\x8e"
    check.equal(events(mqtt)[:3], [(REJECTED, 1, 0x87), (SUBSCRIBED, 2, b"\x87"), (DISCONNECTED, 0x8E)])
    check.equal(mqtt.pending(), 0)


def test_refusals_and_broken_promises():
    for answer, wanted in (
            (b"\x20\x02\x00\x05", (REFUSED, 0x87)),
            (b"\x30\x03\x00\x01t", (CLOSED, 2, "a packet out of place [MQTT-3.2.0-1]")),
            (b"\x20\x02\x01\x05", (CLOSED, 2, "a session where there cannot be one [MQTT-3.2.2-1]")),
            (b"\xf0\x00", (CLOSED, 2, "a reserved packet type, section 2.2.1")),
            (None, (ENDED,))):
        mqtt, pipe = MQTT(4, 64), Pipe()
        mqtt.connect(pipe, "board", 60, False, None, 5000)
        pipe.incoming = answer
        check.equal(events(mqtt)[0], wanted)


def test_a_fault_of_the_stream_is_an_oserror():
    mqtt, pipe, _ = connected()
    pipe.fault = OSError(104)
    mqtt.publish("t", b"x", 0, False)
    check.equal(check.raises(OSError, mqtt.advance, False).errno, 104)


def test_an_oversize_message_is_named_and_acknowledged():
    mqtt, pipe, _ = connected(receive=64)
    pipe.incoming = b"\x32\xc8\x01\x00\x01t\x00\x07" + b"x" * 195
    check.equal(events(mqtt), [(OVERSIZE, "t", 195)])
    check.equal(pipe.take(), b"\x40\x02\x00\x07")


def test_the_window():
    mqtt, pipe, _ = connected(window=2)
    check.equal([mqtt.publish("t", b"", 1, False) for _ in range(3)], [1, 2, NO_ROOM])
    check.equal(mqtt.pending(), 2)
    pipe.incoming = b"\x40\x02\x00\x01"
    check.equal(events(mqtt), [(PUBLISHED, 1)])
    check.equal(mqtt.publish("t", b"", 1, False), 3)


def test_topics_and_filters_mqtt_4_7():
    for topic in ("a/b", "é"):
        check.equal(is_topic(topic), True)
    for topic in ("", "a/+", "#", "a\0"):
        check.equal(is_topic(topic), False)
    for topic_filter, good in (("a/+/b", True), ("a/#", True), ("#/a", False), ("a+", False), ("", False)):
        check.equal(is_filter(topic_filter), good)
    check.equal([matches("a/+", "a/b"), matches("#", "$SYS/x"), matches("a/#", "a")], [True, False, True])


check.run(globals())
