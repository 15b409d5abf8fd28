"""A broker that is a script of what to expect and say, over real mutual TLS.

It is a MicroPython TLS server in the same event loop, with the certificates of with_broker.sh.
"""

import asyncio
import errno

import broker
import check
from countersign import errors
from countersign.client import Client
from countersign.transport import tls

CONNACK = b"\x20\x02\x00\x00"
CONNACK_SESSION = b"\x20\x02\x01\x00"
PINGREQ = b"\xc0\x00"
PINGRESP = b"\xd0\x00"


class NoWait:
    def lived(self, ms):
        pass

    def next_ms(self, permanent=False):
        return 10


class Scripted:
    """async with Scripted(one, two): connection number n is served by script n, `async def script(peer)`."""

    port = broker.PORT + 10

    def __init__(self, *scripts, secure=True):
        self._scripts = list(scripts)
        self._context = None
        self.fault = None
        if secure:
            self._context = tls.SSLContext(tls.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(
                broker.read(broker.FIXTURE + "/good.der"), broker.read(broker.FIXTURE + "/good.key.der"))
            self._context.load_verify_locations(broker.read(broker.FIXTURE + "/ours.der"))
            self._context.verify_mode = tls.CERT_REQUIRED

    async def __aenter__(self):
        for _ in range(20):
            Scripted.port += 1  # a new one each time: no waiting for old connections to die
            try:
                self._server = await asyncio.start_server(
                    self._serve, "127.0.0.1", self.port, ssl=self._context)
                return self
            except OSError as e:  # somebody else's
                if e.errno != errno.EADDRINUSE:
                    raise
        raise AssertionError("no free port")

    async def __aexit__(self, *fault):
        self._server.close()
        await self._server.wait_closed()
        if self.fault:
            raise self.fault

    async def _serve(self, reader, writer):
        script = self._scripts.pop(0)
        try:
            await script(Peer(reader, writer))
        except (AssertionError, EOFError, asyncio.TimeoutError) as e:
            self.fault = e
        finally:
            await writer.wait_closed()


class Peer:
    """The broker's end of a connection."""

    def __init__(self, reader, writer):
        self._reader = reader
        self._writer = writer

    async def get(self):
        """The next packet: (first byte, body)."""
        head = await asyncio.wait_for(self._reader.readexactly(2), 10)
        length = head[1]
        check.true(length < 128, "these scripts speak in short packets")
        return head[0], (await self._reader.readexactly(length) if length else b"")

    async def expect(self, first):
        """The body of the next packet, which must begin with this byte."""
        got, body = await self.get()
        check.equal(got, first)
        return body

    async def say(self, data):
        self._writer.write(data)
        await self._writer.drain()

    async def silence(self):
        """Until the client hangs up."""
        try:
            while await self._reader.read(100):
                pass
        except OSError:
            pass


def new_client(**options):
    options.setdefault("announce", False)
    lines = []
    address = ("127.0.0.1", Scripted.port)
    client = Client(broker.board(), [address], log=lines.append, backoff=NoWait(), **options)
    client.lines = lines
    return client


async def fault_of(script, secure=True, **options):
    """How one connection to a broker with this script ends."""
    async with Scripted(script, secure=secure):
        try:
            await new_client(**options).run(retry=False)
        except errors.CountersignError as e:
            return e
    raise AssertionError("no fault")
