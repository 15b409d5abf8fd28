# Runs on the RISC-V board (bench/device/counted.cpp sends it): what a device's work costs, one JSON object.
#
# SETTINGS: built_in: the backend in C++, or else the one in Python on the same package.
import asyncio
import gc
import json

import _board
from countersign import backend, board, config, keys, link, making, tcp
from countersign.clock import Clock
from countersign.files import Files
from countersign.slots import Slots, any_identity

SETTINGS = globals()["SETTINGS"]  # a line in front of this
if not SETTINGS["built_in"]:  # on the firmware that has both
    from countersign import ecdsa, python
    backend.backend = python
    keys.arithmetic = lambda: ecdsa
else:
    from _countersign import MQTT, TLS

_COUNT = 50
_WINDOW = 16
_LIMIT = 4096  # bytes of the largest message taken
# Of MQTT(): a message received, what is to be sent, what is not acknowledged, one write, one read.
_BUFFERS = _LIMIT + 1024 + 1024 + 1024 + 512
_NS = 8  # of an instruction, as `countersign board --counted` has it
_figures = {}


async def _figure(name, work, per=1):
    """Instructions, undisturbed."""
    gc.collect()
    start = _board.busy_ns()
    result = work()
    if hasattr(result, "send"):
        result = await result
    _figures[name] = {"instructions": (_board.busy_ns() - start) // _NS // per}
    return result


async def _peak(name, work):
    """Heap, TLS's memory and stack at their highest, with a collection every two kilobytes."""
    gc.collect()
    base = gc.mem_alloc()
    base_tls = _board.native_heap()
    gc.threshold(2048)
    _board.peaks()
    result = work()
    if hasattr(result, "send"):
        result = await result
    gc.threshold(-1)
    heap, tls, stack = _board.peaks()
    _figures[name]["heap"] = max(0, heap - base)
    _figures[name]["tls"] = max(0, tls - base_tls)
    _figures[name]["stack"] = stack
    return result


def _weight_of(make):
    gc.collect()
    before = gc.mem_alloc()
    made = make()
    return gc.mem_alloc() - before if made else 0


async def _connect(context, identity, host, port):
    hello = identity.user, 60, False, None
    client = backend.backend.Backend(_WINDOW, _LIMIT, print, 4)
    link = await client.dial(host, port, context, hello)
    client.connect(link, hello)
    await client.connection.established()
    return client


async def _handshake(name, context, host, port, saved=b""):
    """TLS alone, on a connection that is there: what resumption is to spare."""
    sock = await tcp.open_socket(host, port)
    await link.writable(sock)
    sock.setblocking(True)
    start = _board.busy_ns()
    if SETTINGS["built_in"]:
        line = TLS(sock, context.credentials, host, saved)
        while not line.handshake():
            pass
    else:
        line = context.wrap_socket(sock, server_hostname=host)
    spent = (_board.busy_ns() - start) // _NS
    kept = line.save() if SETTINGS["built_in"] else b""
    if SETTINGS["built_in"] and line.resumed() != bool(saved):
        raise OSError("%s: resumed %r" % (name, line.resumed()))
    line.close()
    await asyncio.sleep_ms(300)
    _figures[name] = {"instructions": spent}
    return kept


async def _leave(client):
    await client.goodbye()
    client.connection.stop()
    client.connection = None
    gc.collect()
    await asyncio.sleep_ms(300)


async def _publish(client, qos):
    for _ in range(_COUNT):
        await client.publish("devices/user1/state", b"ON", qos, False)
    await client.drained()
    await client.connection.written()


async def _all():
    files = Files("/")
    Clock(files).keep_floor()
    identity = any_identity(Slots(files))
    settings = config.load("/")
    where = settings.server_ip, settings.server_port
    key = identity.key()
    work = {
        "key": lambda: making.make(b"seed"),
        "request": lambda: making.request(key, "user1"),
        "signature": lambda: keys.sign(key, b"message"),
    }
    point = keys.public_key(key)[-64:]
    signature = keys.sign(key, b"message")
    work["verification"] = lambda: keys.verify(point, b"message", signature)
    for name, one in work.items():
        one()  # imports belong to no figure
        await _figure(name, one)
        await _peak(name, one)

    def new_context():
        return backend.backend.context_of(identity.certificate(), key, identity.anchors())

    gc.collect()
    base, base_tls = gc.mem_alloc(), _board.native_heap()
    context = new_context()
    client = await _figure("connect", lambda: _connect(context, identity, *where))
    await _figure("publish_qos0", lambda: _publish(client, 0), _COUNT)
    await _figure("publish_qos1", lambda: _publish(client, 1), _COUNT)
    gc.collect()
    _figures["connect"]["held"] = gc.mem_alloc() - base
    _figures["connect"]["held_tls"] = _board.native_heap() - base_tls
    await _leave(client)
    client = await _figure("connect_again", lambda: _connect(context, identity, *where))
    await _leave(client)
    context = new_context()
    for name in "connect", "connect_again":
        client = await _peak(name, lambda: _connect(context, identity, *where))
        await _leave(client)
    if SETTINGS["built_in"]:
        _figures["mqtt"] = {"held": _weight_of(lambda: MQTT(_WINDOW, _LIMIT, 4)), "buffers": _BUFFERS}
    await _handshake("tls_full", new_context(), *where)
    if SETTINGS["built_in"]:
        saved = await _handshake("tls_known", context, *where)
        await _handshake("tls_resumed", context, *where, saved)
    return settings


async def _renewal():
    """From where the client is connected and idle until the new identity is in use; the host asks for it."""
    done = asyncio.Event()

    def log(line):
        print("#", line)
        if line.startswith("The new identity is in use"):
            done.set()

    client = await board.prepare(say=lambda line: None, log=log)
    runner = asyncio.create_task(client.run())
    await client.wait_connected()
    await client._lifecycle.at_rest()
    print("# ready to renew")
    await _figure("renewal", done.wait)
    await client.close()
    await runner


def run():
    asyncio.run(_all())
    asyncio.run(_renewal())
    print(json.dumps(_figures))


run()
