"""How long to wait before the next try: full jitter, so that a thousand boards do not come back in step."""

import os

from micropython import const

_FIRST_MS = const(1000)
_CAP_MS = const(300000)
# A connection that dies sooner proves nothing: the wait goes on growing.
_STABLE_MS = const(60000)
# One refusal may be a broker in the middle of a restart; this many in a row mean that somebody has to act.
# Whoever does, on the host as a rule, wants to see that it has helped.
_PATIENCE = const(3)
_ACTED_UPON_MS = const(60000)
_AN_HOUR = const(120)  # tries at half a minute on average: nobody is standing by any more


def _random(limit):
    return int.from_bytes(os.urandom(4), "little") % (limit + 1)


class Backoff:
    """Milliseconds from 0 to a limit that doubles from 1 s to 5 min, or for an hour to a minute for what
    somebody has to cure."""

    def __init__(self, random=_random):
        self._random = random
        self._limit = _FIRST_MS
        self._permanent = 0

    def lived(self, ms):
        """A connection has ended after `ms`."""
        if ms >= _STABLE_MS:
            self._limit = _FIRST_MS
        self._permanent = 0

    def next_ms(self, permanent=False):
        """`permanent`: the fault does not heal by waiting. It is retried all the same, since the cure may
        come from the other side: from the third time on within a minute, after an hour within five."""
        self._permanent = self._permanent + 1 if permanent else 0
        cap = _ACTED_UPON_MS if permanent and self._permanent <= _AN_HOUR else _CAP_MS
        if self._permanent >= _PATIENCE:
            self._limit = cap
        wait = self._random(min(self._limit, cap))
        self._limit = min(self._limit * 2, _CAP_MS)
        return wait
