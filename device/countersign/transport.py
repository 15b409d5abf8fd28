"""A mutually authenticated byte stream to the broker, on the firmware's own TLS.

What blocks: the name lookup (lwIP: some seconds at worst), and the handshake's arithmetic, 0.4 s on an
ESP32-C3 and up to 0.92 s on an ESP32, since stock firmware computes it in one go. The waits of the handshake
do not block.
"""

import errno
import socket
from asyncio import core

from micropython import const

from . import errors

try:
    import tls
except ImportError:  # MicroPython 1.22
    import ssl as tls

_IPPROTO_TCP = const(6)
_last_good = {}  # host: address, for when the name server is away


class Link:
    """Reads and writes whatever the socket takes; OSError when the connection is gone."""

    def __init__(self, sock):
        self._sock = sock

    async def write(self, data):
        view = memoryview(data)
        while view:
            await _writable(self._sock)
            count = self._sock.write(view)
            if count:
                view = view[count:]

    async def readinto(self, buffer):
        """How many bytes came; 0 when the other side has closed."""
        while True:
            await _readable(self._sock)
            count = self._sock.readinto(buffer)
            if count is not None:
                return count

    def close(self):
        self._sock.close()


def make_context(identity):
    """The TLS context for an identity; it can serve any number of connections."""
    return context_of(identity.certificate(), identity.key(), identity.anchors())


def context_of(certificate, key, anchors):
    """The same for what is not a slot yet. IdentityDamaged when the firmware's TLS does not take it."""
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
    handshake: the firmware has no call for it alone). Raises the typed errors of errors.from_handshake and
    BrokerUnreachable."""
    raw = await _open(host, port)
    try:
        sock = context.wrap_socket(raw, server_hostname=host, do_handshake_on_connect=False)
    except (OSError, ValueError, MemoryError) as e:
        raw.close()
        raise errors.from_handshake(e)
    except BaseException:
        raw.close()
        raise
    link = Link(sock)
    try:
        await link.write(greeting)
    except (OSError, ValueError, MemoryError) as e:
        link.close()
        raise errors.from_handshake(e)
    except BaseException:  # the deadline's cancellation: the socket must not outlive it
        link.close()
        raise
    return link


async def _open(host, port):
    where = "%s:%d" % (host, port)
    try:
        found = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)
    except OSError as e:
        if where not in _last_good:
            raise errors.BrokerUnreachable("the name %s cannot be found: %s" % (host, e))
        found = (_last_good[where],)
    fault = None
    for address in found:
        try:
            raw = await _connect(address)
            _last_good[where] = address
            return raw
        except OSError as e:
            fault = e
    raise errors.BrokerUnreachable("%s: %s" % (where, fault))


async def _connect(address):
    raw = socket.socket(address[0], address[1], address[2])
    try:
        raw.setblocking(False)
        # Without it a handshake loses 40 ms to Nagle's algorithm and delayed acknowledgements.
        raw.setsockopt(_IPPROTO_TCP, getattr(socket, "TCP_NODELAY", 1), 1)
        try:
            raw.connect(address[-1])
        except OSError as e:
            if e.errno != errno.EINPROGRESS:
                raise
        await _writable(raw)
        # Writable also means failed. A TLS server never speaks first: this tells the error or would block.
        early = raw.read(1)
        if early:
            raise errors.TlsFailed("what answers speaks first, so it is not a TLS server")
        if early is not None:
            raise OSError(errno.ECONNRESET)
        return raw
    except BaseException:
        raw.close()
        raise


def _readable(sock):
    yield core._io_queue.queue_read(sock)


def _writable(sock):
    yield core._io_queue.queue_write(sock)
