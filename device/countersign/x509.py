"""Certificates as far as a board must judge them itself: dates, name, key, and who signed them.

Only P-256 with SHA-256 is verified: stock firmware has no SHA-384. Under an authority of another kind a board
connects (that is the firmware's own TLS), but does not renew by itself.
"""

from . import der as ders
from .dates import unix_seconds
from .der import BIT_STRING, INTEGER, SEQUENCE, SET, UTF8_STRING, enter, skip

BACKDATED = 86400  # notBefore lies this long before a certificate was signed
_VERSION = 0xA0
_UTC_TIME = 0x17
_GENERALIZED_TIME = 0x18
_PRINTABLE_STRING = 0x13


class Certificate:
    """der          the whole of it
    not_before   not_after: seconds since 1970
    issuer       subject: DER of the names
    spki         DER of the SubjectPublicKeyInfo

    ValueError for what is not one (RFC 5280, 4.1)."""

    def __init__(self, der):
        self.der = der
        start, end = enter(der, 0, SEQUENCE)
        if end != len(der):
            raise ValueError("not a certificate")
        self._tbs = start
        at, self._tbs_end = enter(der, start, SEQUENCE)
        if der[at:at + 1] == bytes((_VERSION,)):
            at = skip(der, at, _VERSION)
        at = skip(der, at, INTEGER)  # serialNumber
        at = skip(der, at, SEQUENCE)  # signature
        begin, at = at, skip(der, at, SEQUENCE)
        self.issuer = bytes(der[begin:at])
        inner, at = enter(der, at, SEQUENCE)  # validity
        self.not_before, inner = _time(der, inner)
        self.not_after, _ = _time(der, inner)
        begin, at = at, skip(der, at, SEQUENCE)
        self.subject = bytes(der[begin:at])
        begin, at = at, skip(der, at, SEQUENCE)
        self.spki = bytes(der[begin:at])

    def names(self, name):
        """Whether the subject is this name and nothing else."""
        for kind in (UTF8_STRING, _PRINTABLE_STRING):
            value = ders.element(SEQUENCE, ders.COMMON_NAME, ders.element(kind, name.encode()))
            if self.subject == ders.element(SEQUENCE, ders.element(SET, value)):
                return True
        return False

    def is_self_signed(self):
        """By its names: whoever relies on it trusts it anyway."""
        return self.issuer == self.subject

    def is_signed_by(self, issuer):
        """Work (slices.py): whether the key of another Certificate signed this one."""
        point = ders.point_of(issuer.spki)
        at = self._tbs_end
        algorithm = self.der[at:at + len(ders.ECDSA_SHA256)]
        if point is None or self.issuer != issuer.subject or algorithm != ders.ECDSA_SHA256:
            return False
        start, end = enter(self.der, at + len(algorithm), BIT_STRING)
        from . import keys
        signature = ders.raw_signature(self.der[start + 1:end])
        return (yield from keys.verify(point, self.der[self._tbs:self._tbs_end], signature))


def validity(der):
    """(notBefore, notAfter) in seconds since 1970, or ValueError."""
    certificate = Certificate(der)
    return certificate.not_before, certificate.not_after


def _time(der, at):
    tag = der[at] if at < len(der) else 0
    start, end = enter(der, at, _GENERALIZED_TIME if tag == _GENERALIZED_TIME else _UTC_TIME)
    digits = bytes(der[start:end])
    if tag == _UTC_TIME:  # RFC 5280, 4.1.2.5.1: 50 and above is 19YY
        digits = (b"19" if digits[:1] >= b"5" else b"20") + digits
    if len(digits) != 15 or digits[14:] != b"Z":
        raise ValueError("not a time")
    return unix_seconds(int(digits[:4]), *[int(digits[i:i + 2]) for i in range(4, 14, 2)]), end
