"""How a connection is ended in good order."""

import asyncio


async def close(client, seconds):
    """Client.close()"""
    client._closing = True
    if client.connected:
        await farewell(client, seconds)
    if client._runner:
        client._runner.cancel()
        await client._ended.wait()


async def farewell(client, seconds):
    """What is on its way is delivered, then "offline" and DISCONNECT, if that can be done in so long."""
    try:
        await asyncio.wait_for(_farewell(client), seconds)
    except asyncio.TimeoutError:
        pass


async def _farewell(client):
    await client._backend.drained()
    if client._announce:
        await client._backend.publish(client.topic("status"), b"offline", 0, True)
    await client._backend.goodbye()
