"""DER (X.690) as far as keys, requests and certificates need it. What is malformed raises ValueError."""

from micropython import const

INTEGER = const(0x02)
BIT_STRING = const(0x03)
OCTET_STRING = const(0x04)
UTF8_STRING = const(0x0C)
SEQUENCE = const(0x30)
SET = const(0x31)

VERSION_0 = b"\x02\x01\x00"
EC_P256 = b"\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"
ECDSA_SHA256 = b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02"
COMMON_NAME = b"\x06\x03\x55\x04\x03"

# Everything of a SubjectPublicKeyInfo on P-256 before x and y: the point is always of 64 bytes.
_SPKI = b"\x30\x59" + EC_P256 + b"\x03\x42\x00\x04"
_POINT = const(64)


def element(tag, *parts):
    content = b"".join(parts)
    length = len(content)
    if length < 0x80:
        head = bytes((tag, length))
    elif length < 0x100:
        head = bytes((tag, 0x81, length))
    else:
        head = bytes((tag, 0x82, length >> 8, length & 0xFF))
    return head + content


def integer(number):
    """`number` is bytes, big endian and not negative."""
    number = number.lstrip(b"\0")
    return element(INTEGER, b"\0" if not number or number[0] & 0x80 else b"", number)


def enter(der, at, tag):
    """(start, end) of the content of the element at `at`, which must have this tag."""
    if at + 2 > len(der) or der[at] != tag:
        raise ValueError("DER: not what is expected here")
    length = der[at + 1]
    at += 2
    if length > 0x7F:
        count = length & 0x7F
        if not 1 <= count <= 3 or at + count > len(der):
            raise ValueError("DER: a length")
        length = int.from_bytes(der[at:at + count], "big")
        at += count
    if at + length > len(der):
        raise ValueError("DER: cut short")
    return at, at + length


def skip(der, at, tag):
    """Where the next element begins."""
    return enter(der, at, tag)[1]


def spki(point):
    """SubjectPublicKeyInfo of a point on P-256 (RFC 5480)."""
    return _SPKI + point


def point_of(spki):
    """The point in a SubjectPublicKeyInfo; None when it is a key of another kind."""
    if len(spki) == len(_SPKI) + _POINT and spki[:len(_SPKI)] == _SPKI:
        return bytes(spki[len(_SPKI):])
    return None


def signature(raw):
    """r and s of 32 bytes each as an ECDSA-Sig-Value (RFC 3279, 2.2.3)."""
    return element(SEQUENCE, integer(raw[:32]), integer(raw[32:]))


def raw_signature(der):
    """The other way round."""
    at, end = enter(der, 0, SEQUENCE)
    raw = b""
    for _ in range(2):
        start, at = enter(der, at, INTEGER)
        number = bytes(der[start:at]).lstrip(b"\0")
        if len(number) > 32:
            raise ValueError("DER: not a signature")
        raw += bytes(32 - len(number)) + number
    if at != end or end != len(der):
        raise ValueError("DER: not a signature")
    return raw
