"""The keys of a board: P-256, born here, PKCS#8 in a file (RFC 5958, with RFC 5915 inside).

The arithmetic is _countersign's where the firmware has it built in, else that of ecdsa.py. The seam is
three functions on bytes of fixed length: public_key(secret), sign(secret, digest) and verify(point, digest,
signature), whose results are there at once or are work in slices (slices.py). So sign() and verify() are work
too.
"""

import hashlib

from . import der
from .memory import lean
from .slices import at_once


def arithmetic():
    """Loaded when it is needed, some days in a year: it takes several kilobytes, for which what led here may
    be forgotten."""
    try:
        import _countersign
        return _countersign
    except ImportError:
        lean()
        from . import ecdsa
        return ecdsa


def computed(result):
    return (yield from result) if hasattr(result, "send") else result


def sign(key, message):
    """Work: r and s, 64 bytes, over SHA-256. ValueError when `key` is not a P-256 key."""
    secret, _ = _read(key)
    try:
        return (yield from computed(arithmetic().sign(secret, hashlib.sha256(message).digest())))
    finally:
        _wipe(secret)


def verify(point, message, signature):
    """Work: whether `signature` (64 bytes) is one of `message` by the key of this point (64 bytes)."""
    if len(point) != 64 or len(signature) != 64:
        return False
    return (yield from computed(arithmetic().verify(point, hashlib.sha256(message).digest(), signature)))


def public_key(key):
    """SubjectPublicKeyInfo (DER). ValueError when `key` is not a P-256 key."""
    secret, point = _read(key)
    try:
        return der.spki(point or at_once(computed(arithmetic().public_key(secret))))
    finally:
        _wipe(secret)


def _wipe(secret):
    secret[:] = bytes(len(secret))


def _read(key):
    """(secret, point) of a P-256 key in PKCS#8; point is None when the file leaves it out. The caller wipes
    the secret."""
    at, _ = der.enter(key, 0, der.SEQUENCE)
    if key[at:at + 3] != der.VERSION_0 or key[at + 3:at + 24] != der.EC_P256:
        raise ValueError("not a P-256 key")
    at, end = der.enter(key, at + 24, der.OCTET_STRING)
    at, _ = der.enter(key, at, der.SEQUENCE)
    at, after = der.enter(key, at + 3, der.OCTET_STRING)
    secret = bytearray(memoryview(key)[at:after])
    if len(secret) != 32:
        raise ValueError("not a P-256 key")
    if end - after == 70 and key[after] == 0xA1:  # publicKey; parameters, [0], are left out in PKCS#8
        return secret, bytes(key[end - 64:end])
    return secret, None
