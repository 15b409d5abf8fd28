"""A mutually authenticated byte stream to the broker, made by the firmware's own TLS.

What blocks: the name lookup (tcp.py), and the handshake's arithmetic, 0.4 s on an ESP32-C3 and up to 0.92 s
on an ESP32, since stock firmware computes it in one go. The waits of the handshake do not block.
"""

from micropython import const

from . import errors
from .link import Link
from .memory import regions
from .tcp import open_socket

try:
    import tls
except ImportError:  # MicroPython 1.22
    import ssl as tls


# Bytes of an ESP32's memory for TLS and Wi-Fi: a handshake takes 34 kB, 29 of them to stay. With less,
# before it or after Python's heap has grown in it, mbedTLS calls a certificate badly signed when it has only
# run out of memory over the signature.
_HANDSHAKE = const(36000)


def context_of(certificate, key, anchors, drop):
    """The TLS context for an identity; it can serve any number of connections. IdentityDamaged when the
    firmware's TLS does not take it."""
    if drop:
        drop()
    context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    context.verify_mode = tls.CERT_REQUIRED
    try:
        context.load_cert_chain(certificate, key)
        for anchor in anchors:
            # One call for each: a second certificate in one call is ignored. This is the C module's method;
            # in ssl.py, which is not everywhere, the first argument would be a file name.
            context.load_verify_locations(anchor)
    except (ValueError, OSError) as e:
        raise errors.IdentityDamaged("the firmware's TLS says: %s" % e)
    return context


async def dial(host, port, context, greeting):
    """A Link on which the handshake is done and `greeting`, the first bytes, has been sent (they drive the
    handshake: the firmware has no call for it alone). Raises the typed errors of faults.from_handshake and
    BrokerUnreachable."""
    raw = await open_socket(host, port)
    free = _free()
    try:
        sock = context.wrap_socket(raw, server_hostname=host, do_handshake_on_connect=False)
    except (OSError, ValueError, MemoryError) as e:
        raw.close()
        raise _fault(e, free)
    except BaseException:
        raw.close()
        raise
    link = Link(sock)
    try:
        await link.write(greeting)
    except (OSError, ValueError, MemoryError) as e:
        link.close()
        raise _fault(e, free)
    except BaseException:  # the deadline's cancellation: the socket must not outlive it
        link.close()
        raise
    return link


def _free():
    found = regions()
    return sum([free for free, _ in found]) if found else _HANDSHAKE


def _fault(e, free):
    from .faults import from_handshake
    fault = from_handshake(e)
    free = min(free, _free())
    if free < _HANDSHAKE and fault.code == "E-BROKER-UNTRUSTED":
        fault = errors.NoMemory("%d bytes were free for TLS; %s" % (free, fault.detail))
    return fault
