"""ECDSA over P-256 with SHA-256, all in bytes of fixed length, as _countersign has it too (keys.py chooses).

Secrets are 32 bytes, points 64 (x and y), signatures 64 (r and s), digests 32. Nonces are RFC 6979's: a
signature needs no randomness, so a poor generator cannot give the key away. Measured on an ESP32-C3: a public
key 0.25 s, a signature 0.3 s, a verification 1 s. All three are work in slices (slices.py).
"""

import hashlib

from .p256 import N, base_times, inverse, is_point, sum_of_times


def is_secret(secret):
    return 0 < int.from_bytes(secret, "big") < N


def public_key(secret):
    x, y = yield from base_times(secret)
    return x.to_bytes(32, "big") + y.to_bytes(32, "big")


def sign(secret, digest):
    d = int.from_bytes(secret, "big")
    e = int.from_bytes(digest, "big")
    for nonce in _nonces(secret, digest):
        r = (yield from base_times(nonce))[0] % N
        s = inverse(int.from_bytes(nonce, "big"), N) * (e + r * d) % N
        if r and s:
            return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def verify(point, digest, signature):
    """Whether it is one, by the secret of this point. The point may be anybody's invention."""
    x, y = int.from_bytes(point[:32], "big"), int.from_bytes(point[32:], "big")
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    if not (0 < r < N and 0 < s < N and is_point(x, y)):
        return False
    w = inverse(s, N)
    u = int.from_bytes(digest, "big") * w % N
    v = r * w % N
    found = yield from sum_of_times(u.to_bytes(32, "big"), v.to_bytes(32, "big"), x, y)
    return found is not None and found[0] % N == r


def _nonces(secret, digest):
    """RFC 6979, section 3.2: the nonces of this message, of which the first is as good as always the one."""
    seed = secret + (int.from_bytes(digest, "big") % N).to_bytes(32, "big")
    k = bytes(32)
    v = b"\x01" * 32
    for step in b"\x00", b"\x01":
        k = _hmac(k, v + step + seed)
        v = _hmac(k, v)
    while True:
        v = _hmac(k, v)
        if is_secret(v):
            yield v
        k = _hmac(k, v + b"\x00")
        v = _hmac(k, v)


def _hmac(key, message):
    """HMAC-SHA256 (RFC 2104) under a key of 32 bytes: stock firmware has no module for it."""
    inner = hashlib.sha256(_pad(key, 0x36))
    inner.update(message)
    outer = hashlib.sha256(_pad(key, 0x5C))
    outer.update(inner.digest())
    return outer.digest()


def _pad(key, byte):
    block = bytearray(bytes((byte,)) * 64)
    for i in range(32):
        block[i] ^= key[i]
    return block
