"""A TCP connection that does not block the loop, but for the name lookup (lwIP: some seconds at worst)."""

import asyncio
import errno
import socket

from micropython import const

from . import errors
from .link import addresses, writable

_IPPROTO_TCP = const(6)
# For each address, lest one that swallows packets leaves no time for the next: lwIP has sent the first SYN
# again by then.
_ANSWER_MS = const(5000)


async def open_socket(host, port):
    """A non-blocking socket to the first address that answers; BrokerUnreachable."""
    where = "%s:%d" % (host, port)
    try:
        found = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)
    except OSError as e:
        if where not in addresses:
            raise errors.BrokerUnreachable("the name %s cannot be found: %s" % (host, e))
        found = (addresses[where],)
    fault = None
    for address in found:
        try:
            raw = await asyncio.wait_for_ms(_connect(address), _ANSWER_MS)
            addresses[where] = address
            return raw
        except OSError as e:
            fault = e
        except asyncio.TimeoutError:
            fault = "no answer within %d s" % (_ANSWER_MS // 1000)
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
