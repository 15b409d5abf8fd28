"""A stream to the broker that is ready: TLS is done, bytes go both ways and nothing blocks."""

from asyncio import core

# "host:port": its last good address, for when the name server is away.
addresses = {}


def readable(sock):
    yield core._io_queue.queue_read(sock)


def writable(sock):
    yield core._io_queue.queue_write(sock)


def joining(ssid, password):
    """What brings the Wi-Fi up before a connection: a function for Client(network=…)."""
    async def join():
        from .wifi import connect
        await connect(ssid, password)
    return join


class Link:
    """Reads and writes whatever the socket takes; OSError when the connection is gone."""

    def __init__(self, sock):
        self._sock = sock

    async def write(self, data):
        view = memoryview(data)
        while view:
            await writable(self._sock)
            count = self._sock.write(view)
            if count:
                view = view[count:]

    async def readinto(self, buffer):
        """How many bytes came; 0 when the other side has closed."""
        while True:
            await readable(self._sock)
            count = self._sock.readinto(buffer)
            if count is not None:
                return count

    def close(self):
        self._sock.close()
