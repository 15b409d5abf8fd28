"""Seconds since the start, by the counter that no clock setting disturbs."""

import time


class Uptime:
    """Must be asked every few days: the counter of milliseconds wraps after 12 of them."""

    def __init__(self):
        self._last = time.ticks_ms()
        self._ms = 0

    def __call__(self):
        now = time.ticks_ms()
        self._ms += time.ticks_diff(now, self._last)
        self._last = now
        return self._ms / 1000
