# Runs on a loaded board: the connection is made again and again, and both heaps must be where they were.
# TIMES is set by who sends this.
import asyncio
import gc

import _board
import esp32
from countersign import board

_WARM_UP = 10
_connections = 0


def _count(backend):
    accepted = backend.connect

    def connect(link, hello):
        global _connections
        _connections += 1
        accepted(link, hello)

    backend.connect = connect


async def _again(client, full):
    binding = getattr(client._context, "binding", None)
    if binding and full:
        binding.forget()
    wanted = _connections + 1
    leaving = asyncio.create_task(client.reconnect())
    while _connections < wanted or not client.connected:
        await asyncio.sleep_ms(5)
    leaving.cancel()
    await client.publish("state", "ON", qos=1)


async def _used():
    await asyncio.sleep_ms(300)  # the last connection has gone all the way
    gc.collect()
    gc.collect()
    left = sum([region[1] for region in esp32.idf_heap_info(esp32.HEAP_DATA)])
    return gc.mem_alloc(), _board.native_heap(), -left


async def _soak():
    client = await board.prepare(say=lambda line: None)
    _count(client._backend)
    runner = asyncio.create_task(client.run())
    await client.wait_connected()
    for i in range(_WARM_UP):
        await _again(client, i % 2)
    before = await _used()
    for i in range(TIMES):  # noqa: F821
        await _again(client, i % 10 == 0)
    after = await _used()
    print("SOAKED", TIMES, *[now - then for now, then in zip(after, before)])  # noqa: F821
    await client.close()
    await runner


asyncio.run(_soak())
