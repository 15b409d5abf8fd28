"""The P-256 of _countersign does what the package's own does."""

import hashlib

import _countersign
import check
from now import ecdsa


def test_they_agree():
    for i in range(8):
        secret = hashlib.sha256(b"secret %d" % i).digest()
        digest = hashlib.sha256(b"message %d" % i).digest()
        point = ecdsa.public_key(secret)
        signature = ecdsa.sign(secret, digest)
        check.equal(_countersign.public_key(secret), point)
        check.equal(_countersign.sign(secret, digest), signature)
        check.true(_countersign.verify(point, digest, signature))
        wrong = bytearray(signature)
        wrong[i * 8] ^= 1
        check.equal(_countersign.verify(point, digest, bytes(wrong)), False)


def test_what_is_no_key():
    check.raises(ValueError, _countersign.public_key, bytes(32))
    check.raises(ValueError, _countersign.sign, b"short", bytes(32))
    check.equal(_countersign.verify(bytes(64), bytes(32), bytes(64)), False)


check.run(globals())
