"""Work that takes long on a small chip, cut into slices: a generator that yields wherever others may have a
turn, and returns its result. Nothing else of it needs to know whether anybody waits.

On an ESP32-C3 a slice is some milliseconds: a few of a curve's additions, or one file.
"""

import asyncio
import time

from micropython import const

_TURN_MS = const(20)  # how long to go on before the loop has its turn, which costs a millisecond itself


def at_once(work):
    """The result, with nobody else having a turn."""
    try:
        while True:
            next(work)
    except StopIteration as e:
        return e.value


async def in_slices(work):
    """The result; the event loop goes on meanwhile."""
    began = time.ticks_ms()
    try:
        while True:
            next(work)
            if time.ticks_diff(time.ticks_ms(), began) >= _TURN_MS:
                await asyncio.sleep_ms(0)
                began = time.ticks_ms()
    except StopIteration as e:
        return e.value
