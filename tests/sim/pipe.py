"""The line to the world (decade): frames of a length (4 bytes, little endian), a kind (1) and fields; every
question has one answer. Fields are numbers (8 bytes) and byte strings (4 bytes of length, then the bytes).

Nothing secret may cross it: every frame is searched for the secrets of the board it comes from.
"""

import struct

# To the world. Its answers are empty where none is named.
ADVANCE = 1  # now, milliseconds at most -> now, then what happens at that moment (below)
HELLO = 2  # device, its clock, host, port, certificate, anchors, proof, client id, clean -> HELLO's answer
PUBLISH = 3  # connection, packet id (0: QoS 0), topic, payload, retain
SUBSCRIBE = 4  # connection, packet id, filter
DISCONNECT = 5  # connection
CLOSED = 6  # connection
SAYS = 7  # device, line
CUT_HAPPENED = 8  # device
ENROL = 9  # name, request of the working key, of the birth key -> certificates of both, brokers, anchors
FACTS = 10  # device, its state at the end
FLIPPED = 11  # device, fingerprint of the certificate the pointer names from now on
NTP = 12  # device -> what an NTP server tells it: seconds since 1970, 0: nothing

# From the world, inside ADVANCE's answer.
ACKNOWLEDGED = 1  # connection, packet id
GRANTED = 2  # connection, packet id, code
MESSAGE = 3  # connection, topic, payload
LOST = 4  # connection
BOOT = 5  # device, where its clock begins (0: goes on)
CUT = 6  # device
CUT_AT = 7  # device, how many file operations from now on, how (0: before, 1: in the middle, 2: after)
CLOCK = 8  # device, seconds
COPY = 9  # device, the one that becomes its clone
BORN = 10  # device, name, whether its file system renames onto files
REPORT = 11
END = 12


class Leak(Exception):
    pass


class Reader:
    def __init__(self, data):
        self._data = data
        self._at = 0

    def more(self):
        return self._at < len(self._data)

    def number(self):
        self._at += 8
        return struct.unpack_from("<q", self._data, self._at - 8)[0]

    def text(self):
        return str(self.bytes(), "utf-8")

    def bytes(self):
        size = struct.unpack_from("<I", self._data, self._at)[0]
        start = self._at + 4
        self._at = start + size
        return bytes(self._data[start:self._at])


class Pipe:
    def __init__(self, incoming, outgoing):
        self._in = incoming
        self._out = outgoing
        self.secrets = lambda: ()  # of the board that asks

    def ask(self, kind, *fields):
        """A Reader of the answer."""
        parts = [b"", bytes((kind,))]
        for field in fields:
            if isinstance(field, int):
                parts.append(struct.pack("<q", field))
            else:
                if isinstance(field, str):
                    field = field.encode()
                parts.append(struct.pack("<I", len(field)))
                parts.append(field)
        size = sum(len(part) for part in parts)
        parts[0] = struct.pack("<I", size)
        frame = b"".join(parts)
        if size >= 32:
            for secret in self.secrets():
                if secret in frame:
                    raise Leak("a private key is in a frame of kind %d" % kind)
        self._out.write(frame)
        return Reader(self._read(struct.unpack("<I", self._read(4))[0]))

    def _read(self, size):
        data = self._in.read(size)
        while len(data) < size:
            more = self._in.read(size - len(data))
            if not more:
                raise SystemExit  # the world has ended
            data += more
        return data
