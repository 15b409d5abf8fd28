"""A new key of a board, and the request for its certificate."""

from . import der
from .keys import arithmetic, computed, public_key, sign

_VERSION_1 = b"\x02\x01\x01"


def make(more):
    """Work: a new key as PKCS#8: what mbedTLS's load_cert_chain() reads. `more` is what entropy.secret()
    says."""
    from . import entropy
    secret = entropy.secret(more)
    point = yield from computed(arithmetic().public_key(secret))
    inner = der.element(
        der.SEQUENCE, _VERSION_1, der.element(der.OCTET_STRING, secret),
        der.element(0xA1, der.element(der.BIT_STRING, b"\0\x04", point)))
    return der.element(der.SEQUENCE, der.VERSION_0, der.EC_P256, der.element(der.OCTET_STRING, inner))


def request(key, name):
    """Work: a PKCS#10 request (RFC 2986) for a name; the authority's profile decides all the rest."""
    common_name = der.element(der.SEQUENCE, der.COMMON_NAME, der.element(der.UTF8_STRING, name.encode()))
    info = der.element(
        der.SEQUENCE, der.VERSION_0, der.element(der.SEQUENCE, der.element(der.SET, common_name)),
        public_key(key), b"\xA0\x00")
    signature = der.signature((yield from sign(key, info)))
    return der.element(der.SEQUENCE, info, der.ECDSA_SHA256, der.element(der.BIT_STRING, b"\0", signature))
