"""TLS sessions saved to be resumed: a hundredth of the work of a full handshake.

Resuming skips the checks of authority, name and dates on both sides. So what is saved counts only for the
same host, port, own certificate and anchors, for _MAX_AGE at most and never beyond the end of any certificate
that was looked at; and it is dropped when anything goes wrong before the broker has accepted us. It holds the
session's master secret: whoever can read it here can read the key beside it.
"""

import binascii
import hashlib
import struct

from micropython import const

from . import x509

_MAX_AGE = const(7200)  # seconds; OpenSSL keeps a session of TLS 1.2 as long
_FILE = "/slots/resume"
_MAGIC = b"CSTLS\x01"
_HEAD = ">6s32sQQ"  # magic, digest, from and until when it may be used (seconds since 1970)


class Binding:
    """What the sessions of one certificate are bound to, and the last of them. keep_in() keeps that in flash
    as well, for boards that sleep deeply between connections."""

    def __init__(self, certificate, anchors, now):
        digest = hashlib.sha256(certificate)
        for anchor in anchors:
            digest.update(hashlib.sha256(anchor).digest())
        self._digest = digest.digest()
        self._ends = x509.validity(certificate)[1]
        self._now = now
        self._saved = None
        self._files = None

    def keep_in(self, files):
        self._files = files
        self._saved = files.read(_FILE)

    def find(self, host, port):
        """What to resume from; b"" when there is nothing that counts."""
        try:
            session, since, until = _open(self._saved, self._of(host, port))
        except (ValueError, TypeError):
            return b""
        return session if since <= self._now() < until else b""

    def keep(self, host, port, session, until):
        """After a full handshake: `until` when the certificates seen in it are good."""
        if not session:
            self.forget()
            return
        now = self._now()
        until = min(until, now + _MAX_AGE, self._ends)
        self._saved = _seal(self._of(host, port), now, until, session)
        if self._files:
            self._files.write(_FILE, self._saved)

    def forget(self):
        if self._saved is not None and self._files:
            self._files.remove(_FILE)
        self._saved = None

    def _of(self, host, port):
        return hashlib.sha256(self._digest + b"%s:%d" % (host.encode(), port)).digest()


def _seal(digest, since, until, session):
    data = struct.pack(_HEAD, _MAGIC, digest, since, until) + session
    return data + struct.pack(">I", binascii.crc32(data))


def _open(data, digest):
    """(session, since, until); ValueError when it is torn, or another's."""
    head = struct.calcsize(_HEAD)
    if len(data) <= head + 4 or struct.unpack(">I", data[-4:])[0] != binascii.crc32(data[:-4]):
        raise ValueError
    magic, whose, since, until = struct.unpack(_HEAD, data)
    if magic != _MAGIC or whose != digest:
        raise ValueError
    return data[head:-4], since, until
