"""The keys of a board: P-256, born here, PKCS#8 in a file (RFC 5958, with RFC 5915 inside).

The arithmetic is _countersign's where the firmware has it built in, else that of ecdsa.py. The seam is
three functions on bytes of fixed length: public_key(secret), sign(secret, digest) and verify(point, digest,
signature), whose results are there at once or are work in slices (slices.py). So make(), sign(), verify() and
request() are work too.
"""

import hashlib

from . import der
from .slices import at_once

_VERSION_0 = b"\x02\x01\x00"
_VERSION_1 = b"\x02\x01\x01"


def arithmetic():
    """Loaded when it is needed, some days in a year: it takes several kilobytes."""
    try:
        import _countersign
        return _countersign
    except ImportError:
        from . import ecdsa
        return ecdsa


def _computed(result):
    return (yield from result) if hasattr(result, "send") else result


def make(more):
    """Work: a new key as PKCS#8: what mbedTLS's load_cert_chain() reads. `more` is what entropy.secret()
    says."""
    from . import entropy
    secret = entropy.secret(more)
    point = yield from _computed(arithmetic().public_key(secret))
    inner = der.element(
        der.SEQUENCE, _VERSION_1, der.element(der.OCTET_STRING, secret),
        der.element(0xA1, der.element(der.BIT_STRING, b"\0\x04", point)))
    return der.element(der.SEQUENCE, _VERSION_0, der.EC_P256, der.element(der.OCTET_STRING, inner))


def sign(key, message):
    """Work: r and s, 64 bytes, over SHA-256. ValueError when `key` is not a P-256 key."""
    secret, _ = _read(key)
    try:
        return (yield from _computed(arithmetic().sign(secret, hashlib.sha256(message).digest())))
    finally:
        _wipe(secret)


def verify(point, message, signature):
    """Work: whether `signature` (64 bytes) is one of `message` by the key of this point (64 bytes)."""
    if len(point) != 64 or len(signature) != 64:
        return False
    return (yield from _computed(arithmetic().verify(point, hashlib.sha256(message).digest(), signature)))


def public_key(key):
    """SubjectPublicKeyInfo (DER). ValueError when `key` is not a P-256 key."""
    secret, point = _read(key)
    try:
        return der.spki(point or at_once(_computed(arithmetic().public_key(secret))))
    finally:
        _wipe(secret)


def request(key, name):
    """Work: a PKCS#10 request (RFC 2986) for a name; the authority's profile decides all the rest."""
    common_name = der.element(der.SEQUENCE, der.COMMON_NAME, der.element(der.UTF8_STRING, name.encode()))
    info = der.element(
        der.SEQUENCE, _VERSION_0, der.element(der.SEQUENCE, der.element(der.SET, common_name)),
        public_key(key), b"\xA0\x00")
    signature = der.signature((yield from sign(key, info)))
    return der.element(der.SEQUENCE, info, der.ECDSA_SHA256, der.element(der.BIT_STRING, b"\0", signature))


def _wipe(secret):
    secret[:] = bytes(len(secret))


def _read(key):
    """(secret, point) of a P-256 key in PKCS#8; point is None when the file leaves it out. The caller wipes
    the secret."""
    at, _ = der.enter(key, 0, der.SEQUENCE)
    if key[at:at + 3] != _VERSION_0 or key[at + 3:at + 24] != der.EC_P256:
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
