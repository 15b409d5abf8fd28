"""MQTT 3.1.1 packets of a QoS 0/1 client: bytes in, tuples out; no socket, no clock.

Encoders return one buffer for one packet, so that it can go out in one write. `Decoder` takes the broker's
bytes in pieces of any size. What breaks a rule raises ProtocolError with the number of the rule
(MQTT-x.y.z-n), or the section where the rule has none (n is 0): a sentence for each would be a kilobyte of
RAM.
"""

from micropython import const

from . import errors

CONNACK = const(2)
PUBLISH = const(3)
PUBACK = const(4)
SUBACK = const(9)
UNSUBACK = const(11)
PINGRESP = const(13)

PINGREQ_PACKET = b"\xc0\x00"
DISCONNECT_PACKET = b"\xe0\x00"
DUP = const(0x08)
FAILURE = const(0x80)  # SUBACK: the subscription was refused

_MAX_REMAINING = const(268435455)  # 2.2.3: four bytes of seven bits
_MAX_STRING = const(65535)  # 1.5.3: two bytes of length
_MAX_LEVELS = const(200)


def connect(client_id, keepalive, clean_session=False, will=None):
    """CONNECT. `will` is (topic, payload, qos, retain) or None."""
    flags = 0x02 if clean_session else 0
    body = bytearray(b"\x00\x04MQTT\x04\x00\x00\x00")
    body[8] = keepalive >> 8
    body[9] = keepalive & 0xFF
    body += _string(client_id)
    if will:
        topic, payload, qos, retain = will
        flags |= 0x04 | qos << 3 | (0x20 if retain else 0)
        body += _string(check_topic(topic))
        body += _prefixed(payload)
    body[7] = flags
    return _packet(0x10, body)


def publish(topic, payload, qos=0, retain=False, packet_id=0):
    """PUBLISH. A second sending sets DUP in its first byte; hence a bytearray."""
    body = bytearray(_string(check_topic(topic)))
    if qos:
        body += _two(packet_id)
    body += payload
    return _packet(0x30 | qos << 1 | (1 if retain else 0), body)


def puback(packet_id):
    return b"\x40\x02" + _two(packet_id)


def subscribe(packet_id, topic_filter, qos):
    return _packet(0x82, _two(packet_id) + _string(check_filter(topic_filter)) + bytes((qos,)))


def unsubscribe(packet_id, topic_filter):
    return _packet(0xA2, _two(packet_id) + _string(check_filter(topic_filter)))


def check_topic(topic):
    """The topic itself when it can be published to; TopicInvalid when not."""
    if "+" in topic or "#" in topic or not _sendable(topic):
        raise errors.TopicInvalid(repr(topic))
    return topic


def check_filter(topic_filter):
    """The filter itself when it can be subscribed to; TopicInvalid when not."""
    if not _sendable(topic_filter):
        raise errors.TopicInvalid(repr(topic_filter))
    levels = topic_filter.split("/")
    for i, level in enumerate(levels):
        last = i == len(levels) - 1
        # [MQTT-4.7.1-2] '#' is the last level, alone in it; [MQTT-4.7.1-3] '+' is alone in its level.
        if ("#" in level and not (level == "#" and last)) or ("+" in level and level != "+"):
            raise errors.TopicInvalid(repr(topic_filter))
    return topic_filter


def _sendable(text):
    """Without what a broker may hang up on (1.5.3): control characters, surrogates, non-characters; and no
    more levels than Mosquitto takes. It would be sent again after each connect."""
    data = text.encode()
    for byte in data:  # each character by itself would be a string that stays in memory
        if byte < 0x20 or byte >= 0x7F:
            if not _is_sendable_beyond_ascii(text):
                return False
            break
    return 0 < len(data) <= _MAX_STRING and text.count("/") < _MAX_LEVELS


def _is_sendable_beyond_ascii(text):
    for character in text:
        code = ord(character)
        if code < 0x20 or 0x7F <= code < 0xA0 or 0xD800 <= code < 0xE000 or 0xFDD0 <= code < 0xFDF0:
            return False
        if code & 0xFFFE == 0xFFFE:
            return False
    return True


def matches(topic_filter, topic):
    """Whether a topic belongs to a filter (section 4.7)."""
    wanted = topic_filter.split("/")
    given = topic.split("/")
    # [MQTT-4.7.2-1] a filter that begins with a wildcard takes no topic that begins with '$'.
    if topic[:1] == "$" and wanted[0] in ("#", "+"):
        return False
    for i, level in enumerate(wanted):
        if level == "#":
            return True
        if i >= len(given) or (level != "+" and level != given[i]):
            return False
    return len(wanted) == len(given)


class Decoder:
    """Packets out of the broker's byte stream.

    A PUBLISH longer than `limit` is skipped as it arrives and still reported, so that it can be acknowledged:
    it would otherwise come back at every reconnect.
    """

    def __init__(self, limit=4096):
        self._limit = limit
        self.reset()

    def reset(self):
        """For a new connection."""
        self._first = -1  # first byte of the fixed header, -1 before it has come
        self._shift = 0  # where the next seven bits of the remaining length go; -1 once it is known
        self._length = 0
        self._got = 0
        self._body = b""

    def feed(self, data):
        """Yields the packets that `data` completes:

        (CONNACK, session_present, code)   (PUBACK, id)   (SUBACK, id, codes)   (UNSUBACK, id)   (PINGRESP,)
        (PUBLISH, topic, payload, qos, retain, dup, id, size); payload is None when it was too large.
        """
        view = memoryview(data)
        at = 0
        while at < len(view):
            if self._first < 0:
                self._first = view[at]
                self._shift = 0
                self._length = 0
                self._got = 0
                at += 1
                continue
            if self._shift >= 0:
                self._take_length(view[at])
                at += 1
            else:
                at += self._take_body(view[at:])
            if self._shift < 0 and self._got == self._length:
                packet = self._parse()
                self._first = -1
                self._body = b""
                yield packet

    def _take_length(self, byte):
        self._length |= (byte & 0x7F) << self._shift
        if byte < 0x80:
            self._shift = -1
            _check_header(self._first, self._length, self._limit)
            self._body = bytearray(min(self._length, self._limit))
        elif self._shift == 21:
            raise _broken(2, 2, 3, 0)
        else:
            self._shift += 7

    def _take_body(self, view):
        take = min(len(view), self._length - self._got)
        keep = min(take, len(self._body) - self._got)
        if keep > 0:
            self._body[self._got:self._got + keep] = view[:keep]
        self._got += take
        return take

    def _parse(self):
        kind = self._first >> 4
        view = memoryview(self._body)
        if kind == PUBLISH:
            return self._parse_publish(view)
        if kind == PINGRESP:
            return (PINGRESP,)
        if kind == CONNACK:
            return _parse_connack(view)
        packet_id = _packet_id(view, 0)
        if kind == SUBACK:
            codes = bytes(view[2:])
            for code in codes:
                if code > 2 and code != FAILURE:
                    raise _broken(3, 9, 3, 2)
            return (SUBACK, packet_id, codes)
        return (kind, packet_id)

    def _parse_publish(self, view):
        qos = self._first >> 1 & 3
        topic_end = 2 + (view[0] << 8 | view[1])
        payload_at = topic_end + (2 if qos else 0)
        if payload_at > self._length:
            raise _broken(3, 3, 2, 0)
        if payload_at > len(view):
            raise errors.ProtocolError("topic too long")
        topic = _text(view[2:topic_end])
        if not topic or "+" in topic or "#" in topic:
            raise _broken(3, 3, 2, 2)
        packet_id = _packet_id(view, topic_end) if qos else 0
        payload = bytes(view[payload_at:]) if self._length == len(view) else None
        size = self._length - payload_at
        return (PUBLISH, topic, payload, qos, bool(self._first & 1), bool(self._first & DUP), packet_id, size)


# Remaining lengths of the packets a broker may send to this client; PUBLISH and SUBACK are checked apart.
_FIXED = {CONNACK: 2, PUBACK: 2, UNSUBACK: 2, PINGRESP: 0}


def _check_header(first, length, limit):
    kind = first >> 4
    if kind == PUBLISH:
        qos = first >> 1 & 3
        if qos == 3:
            raise _broken(3, 3, 1, 4)
        if qos == 2:
            raise _broken(3, 8, 4, 6)
        if not qos and first & DUP:
            raise _broken(3, 3, 1, 2)
        if length < 3:
            raise _broken(3, 3, 2, 0)
        return
    if kind == SUBACK:
        known = 3 <= length <= limit
    else:
        known = _FIXED.get(kind) == length
    if not known:
        raise errors.ProtocolError("packet %d, %d bytes" % (kind, length))
    if first & 0x0F:
        raise _broken(2, 2, 2, 2)


def _parse_connack(view):
    if view[0] > 1:
        raise _broken(3, 2, 2, 0)
    if view[1] > 5:
        raise _broken(3, 2, 2, 0)
    if view[0] and view[1]:
        raise _broken(3, 2, 2, 4)
    return (CONNACK, bool(view[0]), view[1])


def _broken(*rule):
    return errors.ProtocolError("MQTT-%d.%d.%d-%d" % rule)


def _packet_id(view, at):
    packet_id = view[at] << 8 | view[at + 1]
    if not packet_id:
        raise _broken(2, 3, 1, 1)
    return packet_id


def _text(view):
    """UTF-8 checked in full ([MQTT-1.5.3-1], -2): the firmware lets surrogates and long forms through."""
    more = 0  # continuation bytes still to come
    low = 0  # smallest character that may take this many bytes
    char = 0
    for byte in view:
        if more:
            if byte & 0xC0 != 0x80:
                raise _broken(1, 5, 3, 1)
            char = char << 6 | byte & 0x3F
            more -= 1
            if not more and (char < low or char > 0x10FFFF or 0xD800 <= char <= 0xDFFF):
                raise _broken(1, 5, 3, 1)
        elif byte < 0x80:
            if not byte:
                raise _broken(1, 5, 3, 2)
        elif 0xC0 <= byte < 0xF8:
            more = 1 if byte < 0xE0 else 2 if byte < 0xF0 else 3
            low = (0x80, 0x800, 0x10000)[more - 1]
            char = byte & (0x3F >> more)
        else:
            raise _broken(1, 5, 3, 1)
    if more:
        raise _broken(1, 5, 3, 1)
    return str(view, "utf-8")


def _two(number):
    return bytes((number >> 8, number & 0xFF))


def _prefixed(data):
    return _two(len(data)) + data


def _string(text):
    return _prefixed(text.encode())


def _packet(first, body):
    length = len(body)
    if length > _MAX_REMAINING:
        raise errors.PayloadTooLarge("%d bytes" % length)
    head = bytearray((first,))
    while length > 0x7F:
        head.append(0x80 | length & 0x7F)
        length >>= 7
    head.append(length)
    return head + body
