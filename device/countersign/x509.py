"""The two dates of a certificate: all that stock firmware does not tell about our own."""

from .dates import unix_seconds

_SEQUENCE = 0x30
_INTEGER = 0x02
_VERSION = 0xA0
_UTC_TIME = 0x17
_GENERALIZED_TIME = 0x18


def validity(der):
    """(notBefore, notAfter) in seconds since 1970, or ValueError (RFC 5280, 4.1)."""
    at, _ = _enter(der, 0, _SEQUENCE)  # Certificate
    at, _ = _enter(der, at, _SEQUENCE)  # TBSCertificate
    if der[at:at + 1] == bytes((_VERSION,)):
        at = _enter(der, at, _VERSION)[1]
    at = _enter(der, at, _INTEGER)[1]  # serialNumber
    at = _enter(der, at, _SEQUENCE)[1]  # signature
    at = _enter(der, at, _SEQUENCE)[1]  # issuer
    at, _ = _enter(der, at, _SEQUENCE)  # validity
    not_before, at = _time(der, at)
    not_after, _ = _time(der, at)
    return not_before, not_after


def _enter(der, at, tag):
    """(start, end) of the content of the element at `at`."""
    if at + 2 > len(der) or der[at] != tag:
        raise ValueError("not a certificate")
    length = der[at + 1]
    at += 2
    if length > 0x7F:
        count = length & 0x7F
        if not 1 <= count <= 3 or at + count > len(der):
            raise ValueError("not a certificate")
        length = int.from_bytes(der[at:at + count], "big")
        at += count
    if at + length > len(der):
        raise ValueError("not a certificate")
    return at, at + length


def _time(der, at):
    tag = der[at] if at < len(der) else 0
    start, end = _enter(der, at, _GENERALIZED_TIME if tag == _GENERALIZED_TIME else _UTC_TIME)
    digits = bytes(der[start:end])
    if tag == _UTC_TIME:  # RFC 5280, 4.1.2.5.1: 50 and above is 19YY
        digits = (b"19" if digits[:1] >= b"5" else b"20") + digits
    if len(digits) != 15 or digits[14:] != b"Z":
        raise ValueError("not a time")
    return unix_seconds(int(digits[:4]), *[int(digits[i:i + 2]) for i in range(4, 14, 2)]), end
