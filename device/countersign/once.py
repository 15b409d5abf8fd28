"""Wake, deliver, sleep: countersign.publish_once()."""

import asyncio

from micropython import const

from . import board
from .errors import BrokerSilent

# Seconds a board that only wakes to deliver stays for its own identity, when there is something to do.
_CARE = const(5)


async def publish(topic, payload, qos, retain, timeout, say):
    client = await board.prepare(say, patience=1, announce=False, remember=True, deadline=timeout, log=say)

    async def deliver():
        await client.wait_connected()
        await client.publish(topic, payload, qos, retain)
        if client._lifecycle:
            try:
                await asyncio.wait_for(client._lifecycle.at_rest(), _CARE)
            except asyncio.TimeoutError:
                pass
        await client.close()

    try:
        await asyncio.wait_for(asyncio.gather(client.run(retry=False), deliver()), timeout)
    except asyncio.TimeoutError:
        raise BrokerSilent("no acknowledgement within %d s" % timeout)
    finally:
        client.abort()
