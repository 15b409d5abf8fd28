# Runs on the virtual board (bench/device/timed.cpp sends it): how long connecting and publishing take.
#
# SETTINGS: way: "plain", a client as a user writes it over the firmware's `tls`, or "package"; nodelay, for
# the plain client; resume and anew (ways.h), for the package; host, port; task: "connect", "publish" or
# "wire"; count; qos; together: how many messages are on their way at once.
import asyncio
import gc
import json
import socket
import time

from countersign import backend, transport
from countersign.backend import make_context
from countersign.client import Client
from countersign.clock import Clock
from countersign.files import Files
from countersign.slots import Slots, any_identity

SETTINGS = globals()["SETTINGS"]  # a line in front of this
HOST, PORT, COUNT, QOS = SETTINGS["host"], SETTINGS["port"], SETTINGS["count"], SETTINGS["qos"]
_PAYLOAD = b"x" * 64
_IPPROTO_TCP = 6
_KEEPALIVE = 60


def text(value):
    return len(value).to_bytes(2, "big") + value.encode()


def exactly(line, size):
    answer = line.read(size)
    if answer is None or len(answer) != size:
        raise OSError("the broker closed it")
    return answer


class Plain:
    """Blocking, one write for a packet: the best that is to be had from `tls` in a few lines."""

    def __init__(self, identity):
        self._name = identity.name
        self._context = transport.context_of(identity.certificate(), identity.key(), identity.anchors())
        self._topic = text("devices/%s/figures" % identity.name)

    def prepare(self):
        pass

    async def connect(self):
        body = text("MQTT") + bytes((4, 2, 0, _KEEPALIVE)) + text(self._name)
        raw = socket.socket()
        raw.connect(socket.getaddrinfo(HOST, PORT)[0][-1])
        if SETTINGS["nodelay"]:
            raw.setsockopt(_IPPROTO_TCP, getattr(socket, "TCP_NODELAY", 1), 1)
        self._line = self._context.wrap_socket(raw, server_hostname=HOST)
        self._line.write(bytes((0x10, len(body))) + body)
        if exactly(self._line, 4) != b"\x20\x02\x00\x00":
            raise OSError("refused")

    def is_resumed(self):
        return False

    async def publish(self, qos):
        packet_id = b"\x00\x01" if qos else b""
        body = self._topic + packet_id + _PAYLOAD  # below 128 bytes, so that its length is one
        self._line.write(bytes((0x30 | qos << 1, len(body))) + body)
        if qos and exactly(self._line, 4) != b"\x40\x02\x00\x01":
            raise OSError("no PUBACK")

    async def leave(self):
        self._line.write(b"\xe0\x00")
        self._line.close()


class Package:
    """The package's backend, without the client's tasks around it: as little as can be timed."""

    def __init__(self, identity):
        self._hello = identity.user, _KEEPALIVE, True, None
        self._identity = identity
        self._context = make_context(identity)
        self._topic = "devices/%s/figures" % identity.name

    def prepare(self):
        if SETTINGS["anew"]:
            self._context = make_context(self._identity)
        if not SETTINGS["resume"] and hasattr(self._context, "binding"):
            self._context.binding.forget()

    async def connect(self):
        self._client = backend.backend.Backend(8, 4096, print, 4)
        self._link = await self._client.dial(HOST, PORT, self._context, self._hello)
        self._client.connect(self._link, self._hello)
        await self._client.connection.established()

    def is_resumed(self):
        return hasattr(self._link, "tls") and self._link.tls.resumed()

    async def publish(self, qos):
        await self._client.publish(self._topic, _PAYLOAD, qos, False)

    async def leave(self):
        await self._client.goodbye()
        self._client.connection.stop()


async def connects(client):
    """The first one is no part of it: it makes what a resumed one resumes."""
    for i in range(COUNT + 1):
        client.prepare()
        gc.collect()
        began = time.ticks_us()
        await client.connect()
        us = time.ticks_diff(time.ticks_us(), began)
        if i:
            print(json.dumps({"us": us, "resumed": client.is_resumed()}))
        await client.leave()
        await asyncio.sleep_ms(20)  # both sides are done with it


async def wire(client):
    """Three connections; the last one publishes too."""
    for i in range(3):
        client.prepare()
        await client.connect()
        for _ in range(COUNT if i == 2 else 0):
            await client.publish(QOS)
        await client.leave()
    print(json.dumps({"done": True}))


async def timed(publish):
    """Until the broker has acknowledged all: it reads in order, and the last message is of QoS 1."""
    gc.collect()
    began = time.ticks_us()
    left = COUNT - 1

    async def some():
        nonlocal left
        while left > 0:
            left -= 1
            await publish(QOS)

    if SETTINGS["together"] == 1:
        await some()
    else:
        await asyncio.gather(*[some() for _ in range(SETTINGS["together"])])
    await publish(1)
    print(json.dumps({"us": time.ticks_diff(time.ticks_us(), began)}))


async def publish_plain(client):
    client.prepare()
    await client.connect()
    await timed(client.publish)
    await client.leave()


async def publish_package(identity):
    """By what a program has: Client.publish."""
    client = Client(identity, [(HOST, PORT)], announce=False, clean_session=True, log=lambda line: None)
    runner = asyncio.create_task(client.run())
    await client.wait_connected()
    await timed(lambda qos: client.publish("figures", _PAYLOAD, qos))
    await client.close()
    await runner


def main():
    files = Files("/")
    Clock(files).keep_floor()
    identity = any_identity(Slots(files))
    package = SETTINGS["way"] == "package"
    if SETTINGS["task"] == "publish" and package:
        asyncio.run(publish_package(identity))
        return
    client = (Package if package else Plain)(identity)
    asyncio.run({"connect": connects, "wire": wire, "publish": publish_plain}[SETTINGS["task"]](client))


main()
