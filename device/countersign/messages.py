"""The messages of docs/protocol.md: bytes in, fields out. What breaks a rule there raises ValueError."""

from micropython import const

REQUEST = const(1)
CERTIFICATE = const(2)
REFUSAL = const(3)
STATE = const(4)
COMMAND = const(5)
ANCHOR_SET = const(6)
BROKER_LIST = const(7)

SIGNER = const(0x01)
NUMBER = const(0x02)
PKCS10 = const(0x03)
KEY = const(0x10)
LEAF = const(0x11)
ISSUER = const(0x12)
ERROR = const(0x13)
RETRY_AFTER = const(0x14)
ANCHORS_VERSION = const(0x20)
ANCHOR = const(0x21)
ANCHORS = const(0x22)  # a whole message of type ANCHOR_SET
BROKERS_VERSION = const(0x23)
BROKER = const(0x24)
ACKNOWLEDGED = const(0x30)
RENEW = const(0x31)
BROKERS = const(0xA0)  # a whole message of type BROKER_LIST
SIGNATURE = const(0xF0)

LIMIT = const(4096)  # bytes of a message
_VERSION = const(1)
_CONTEXT = b"countersign-v1:"

# Smallest and largest length of every field.
_SIZES = {
    SIGNER: (32, 32), NUMBER: (4, 4), PKCS10: (1, 1024), KEY: (32, 32), LEAF: (1, 2048), ISSUER: (1, 2048),
    ERROR: (1, 40), RETRY_AFTER: (4, 4), ANCHORS_VERSION: (4, 4), ANCHOR: (1, 2048), ANCHORS: (1, LIMIT),
    BROKERS_VERSION: (4, 4), BROKER: (3, 255), ACKNOWLEDGED: (32, 32), RENEW: (32, 32), SIGNATURE: (64, 64),
    BROKERS: (1, LIMIT),
}
_NUMBERS = (NUMBER, RETRY_AFTER, ANCHORS_VERSION, BROKERS_VERSION)
_REPEATED = {ANCHOR: 6, BROKER: 8}  # and how often at most

# What each type must have and what it may have. A list of brokers and its version come together.
_FIELDS = {
    REQUEST: ((SIGNER, NUMBER, PKCS10, SIGNATURE), ()),
    CERTIFICATE: ((KEY, LEAF, ISSUER), (ANCHORS, BROKERS_VERSION, BROKER)),
    REFUSAL: ((KEY, ERROR, RETRY_AFTER), ()),
    STATE: ((SIGNER, ANCHORS_VERSION, BROKERS_VERSION, SIGNATURE), ()),
    COMMAND: ((), (ACKNOWLEDGED, RENEW, ANCHORS, BROKERS_VERSION, BROKER, BROKERS)),
    ANCHOR_SET: ((ANCHORS_VERSION, ANCHOR, SIGNATURE), ()),
    BROKER_LIST: ((ISSUER, BROKERS_VERSION, BROKER, SIGNATURE), ()),
}


def encode(kind, *fields):
    """A message of (tag, value) in ascending order of tags; a value is bytes, or a number where it is one."""
    parts = [bytes((_VERSION, kind))]
    for tag, value in fields:
        if tag in _NUMBERS:
            value = value.to_bytes(4, "big")
        parts.append(bytes((tag, len(value) >> 8, len(value) & 0xFF)))
        parts.append(value)
    return b"".join(parts)


def sign(unsigned, key):
    """Work (slices.py): the message with the signature of a private key (keys.py) at its end."""
    from .keys import sign as sign_with
    signature = yield from sign_with(key, _CONTEXT + unsigned)
    return unsigned + encode(0, (SIGNATURE, signature))[2:]


def is_signed_by(message, point):
    """Work: whether the last field of a decoded message is the signature of this key: 64 bytes of x and y."""
    from .keys import verify
    cut = len(message) - 67
    return (yield from verify(point, _CONTEXT + message[:cut], message[cut + 3:]))


def decode(message):
    """(type, {tag: value}). ANCHOR is a list of certificates, BROKER one of (host, port)."""
    if not 2 <= len(message) <= LIMIT or message[0] != _VERSION or message[1] not in _FIELDS:
        raise ValueError("message: not one of version 1")
    kind = message[1]
    must, may = _FIELDS[kind]
    fields = {}
    at, last = 2, 0
    while at < len(message):
        if at + 3 > len(message):
            raise ValueError("message: cut short")
        tag = message[at]
        end = at + 3 + (message[at + 1] << 8 | message[at + 2])
        if end > len(message):
            raise ValueError("message: cut short")
        known = tag in must or tag in may
        if tag < last or tag == last and known and tag not in _REPEATED:
            raise ValueError("message: fields out of order")
        last = tag
        if known:
            _take(fields, tag, bytes(message[at + 3:end]))
        elif not 0x80 <= tag <= 0xEF:
            raise ValueError("message: an unknown field, %d" % tag)
        at = end
    for tag in must:
        if tag not in fields:
            raise ValueError("message: field %d is missing" % tag)
    if (BROKER in fields) != (BROKERS_VERSION in fields) and kind != STATE:
        raise ValueError("message: brokers without their version")
    return kind, fields


def _take(fields, tag, value):
    low, high = _SIZES[tag]
    if not low <= len(value) <= high:
        raise ValueError("message: field %d has a wrong length" % tag)
    if tag in _NUMBERS:
        fields[tag] = int.from_bytes(value, "big")
    elif tag in _REPEATED:
        values = fields.setdefault(tag, [])
        if len(values) == _REPEATED[tag]:
            raise ValueError("message: field %d is repeated too often" % tag)
        values.append(_broker(value) if tag == BROKER else value)
    elif tag == ERROR:
        fields[tag] = _ascii(value)
    elif tag in (ANCHORS, BROKERS):
        if decode(value)[0] != (ANCHOR_SET if tag == ANCHORS else BROKER_LIST):
            raise ValueError("message: field %d holds another" % tag)
        fields[tag] = value
    else:
        fields[tag] = value


def _broker(value):
    return _ascii(value[2:]), value[0] << 8 | value[1]


def _ascii(value):
    for byte in value:
        if not 0x21 <= byte <= 0x7E:
            raise ValueError("message: not plain text")
    return str(value, "ascii")
