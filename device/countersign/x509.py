"""The two dates of a certificate: all that stock firmware does not tell about our own."""

from .dates import unix_seconds
from .der import INTEGER, SEQUENCE, enter

_VERSION = 0xA0
_UTC_TIME = 0x17
_GENERALIZED_TIME = 0x18


def validity(der):
    """(notBefore, notAfter) in seconds since 1970, or ValueError (RFC 5280, 4.1)."""
    at, _ = enter(der, 0, SEQUENCE)  # Certificate
    at, _ = enter(der, at, SEQUENCE)  # TBSCertificate
    if der[at:at + 1] == bytes((_VERSION,)):
        at = enter(der, at, _VERSION)[1]
    at = enter(der, at, INTEGER)[1]  # serialNumber
    at = enter(der, at, SEQUENCE)[1]  # signature
    at = enter(der, at, SEQUENCE)[1]  # issuer
    at, _ = enter(der, at, SEQUENCE)  # validity
    not_before, at = _time(der, at)
    not_after, _ = _time(der, at)
    return not_before, not_after


def _time(der, at):
    tag = der[at] if at < len(der) else 0
    start, end = enter(der, at, _GENERALIZED_TIME if tag == _GENERALIZED_TIME else _UTC_TIME)
    digits = bytes(der[start:end])
    if tag == _UTC_TIME:  # RFC 5280, 4.1.2.5.1: 50 and above is 19YY
        digits = (b"19" if digits[:1] >= b"5" else b"20") + digits
    if len(digits) != 15 or digits[14:] != b"Z":
        raise ValueError("not a time")
    return unix_seconds(int(digits[:4]), *[int(digits[i:i + 2]) for i in range(4, 14, 2)]), end
