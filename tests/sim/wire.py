"""What is between a simulated board and the world: a TLS handshake that the world judges, and an MQTT server
that turns the board's packets into questions to the world."""

import asyncio

from countersign import errors, faults, keys, mqtt, transport
from countersign.slices import at_once

import pipe

_LATENCY_MS = 40

# How a handshake ends, as the world says it.
ADMITTED, UNREACHABLE, ALERT, NOT_AUTHORISED, UNTRUSTED, NAME, EXPIRED, NOT_YET = range(8)

# What mbedTLS writes into the ValueError.
_VERDICTS = {
    UNTRUSTED: "The certificate is not correctly signed by the trusted CA",
    NAME: "The certificate Common Name (CN) does not match with the expected CN",
    EXPIRED: "The certificate validity has expired",
    NOT_YET: "The certificate validity starts in the future",
}


class Context:
    """What an SSLContext holds."""

    def __init__(self, certificate, key, anchors, drop=None):
        try:
            if keys.public_key(key) not in certificate:
                raise ValueError("key and certificate do not belong together")
        except ValueError as e:
            raise errors.IdentityDamaged("the firmware's TLS says: %s" % e)
        self.certificate = certificate
        self.key = key
        self.anchors = anchors


class Wire:
    """All connections of all boards."""

    def __init__(self, world, device_of_task):
        self._world = world
        self._device = device_of_task
        self.links = {}

    async def dial(self, host, port, context, greeting):
        device = self._device()
        await asyncio.sleep_ms(_LATENCY_MS)
        client_id, clean = _read_connect(greeting)
        moment = b"%d %d" % (device.number, device.handshakes)
        device.handshakes += 1
        proof = at_once(keys.sign(context.key, b"countersign-v1:" + moment))
        answer = self._world.ask(
            pipe.HELLO, device.number, device.now(), host, port, context.certificate,
            b"".join(len(anchor).to_bytes(4, "little") + anchor for anchor in context.anchors),
            moment, proof, client_id, clean)
        result, number, present = answer.number(), answer.number(), answer.number()
        if result == UNREACHABLE:
            raise errors.BrokerUnreachable("%s:%d" % (host, port))
        if result == ALERT:
            raise faults.from_handshake(OSError(-0x7780, "fatal alert"))
        if result in _VERDICTS:
            raise faults.from_handshake(ValueError(_VERDICTS[result]))
        link = Link(self._world, self, number)
        if result == NOT_AUTHORISED:
            link.arrive(b"\x20\x02\x00\x05")
            link.end()
        else:
            self.links[number] = link
            device.links.append(link)
            link.arrive(b"\x20\x02" + bytes((present, 0)))
        return link

    def drop(self, link):
        self.links.pop(link.number, None)


class Link:
    """transport.Link, and the MQTT server at its other end."""

    def __init__(self, world, wire, number):
        self.number = number
        self._world = world
        self._wire = wire
        self._incoming = bytearray()
        self._open = True  # as far as the world knows
        self._came = asyncio.Event()
        self._outgoing = b""

    # --- the board's end

    async def write(self, data):
        if not self._open:
            raise OSError(104)
        self._outgoing += bytes(data)
        self._serve()

    async def readinto(self, buffer):
        while not self._incoming:
            if not self._open:
                return 0
            self._came.clear()
            await self._came.wait()
        count = min(len(buffer), len(self._incoming))
        buffer[:count] = self._incoming[:count]
        self._incoming = self._incoming[count:]
        return count

    def close(self):
        if self._open:
            self._world.ask(pipe.CLOSED, self.number)
        self.end()

    def is_open(self):
        return self._open

    # --- the world's end

    def arrive(self, packet):
        self._incoming += packet
        self._came.set()

    def end(self):
        self._open = False
        self._wire.drop(self)
        self._came.set()

    def _serve(self):
        while True:
            packet = _cut_packet(self._outgoing)
            if packet is None:
                return
            first, body, size = packet
            self._outgoing = self._outgoing[size:]
            kind = first >> 4
            if kind == 3:
                self._publish(first, body)
            elif kind == 8:
                self._world.ask(pipe.SUBSCRIBE, self.number, body[0] << 8 | body[1],
                                body[4:4 + (body[2] << 8 | body[3])])
            elif kind == 14:
                self._world.ask(pipe.DISCONNECT, self.number)
                self.end()
                return
            elif kind == 12:
                self.arrive(b"\xd0\x00")
            elif kind != 4:
                raise RuntimeError("a packet of kind %d from a board" % kind)

    def _publish(self, first, body):
        end = 2 + (body[0] << 8 | body[1])
        topic = body[2:end]
        packet_id = 0
        if first & 6:
            packet_id = body[end] << 8 | body[end + 1]
            end += 2
        self._world.ask(pipe.PUBLISH, self.number, packet_id, topic, body[end:], first & 1)


def message(topic, payload):
    """A PUBLISH of the broker's, at QoS 0: what acknowledges it is not this simulation's concern."""
    return bytes(mqtt.publish(topic, payload))


def suback(packet_id, code):
    return b"\x90\x03" + bytes((packet_id >> 8, packet_id & 255, code))


def puback(packet_id):
    return b"\x40\x02" + bytes((packet_id >> 8, packet_id & 255))


def install(wire):
    """In the place of the firmware's TLS."""
    transport.dial = wire.dial
    transport.context_of = Context


def _read_connect(packet):
    _, body, _ = _cut_packet(packet)
    clean = body[7] >> 1 & 1
    return str(bytes(body[12:12 + (body[10] << 8 | body[11])]), "utf-8"), clean


def _cut_packet(data):
    """(first byte, body, length of all) of the first packet, or None."""
    if len(data) < 2:
        return None
    length = shift = 0
    at = 1
    while True:
        if at >= len(data):
            return None
        byte = data[at]
        at += 1
        length |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
    if len(data) < at + length:
        return None
    return data[0], bytes(data[at:at + length]), at + length
