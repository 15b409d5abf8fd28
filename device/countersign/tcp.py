"""A TCP connection that does not block the loop, but for the name lookup (lwIP: some seconds at worst)."""

import errno
import socket
from asyncio import core

from micropython import const

from . import errors

_IPPROTO_TCP = const(6)
_last_good = {}  # host: address, for when the name server is away


async def connect(host, port):
    """A non-blocking socket to the first address that answers; BrokerUnreachable."""
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
            await writable(raw)
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


def readable(sock):
    yield core._io_queue.queue_read(sock)


def writable(sock):
    yield core._io_queue.queue_write(sock)
