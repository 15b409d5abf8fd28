"""A program that has ended with a fault, at boot: whether and when it starts again."""

import sys
import time

from micropython import const

from .backoff import Backoff
from .errors import CountersignError
from .memory import lean


_BREATH = const(10000)  # ms before a reset, for who looks on and to spare the broker


def pause(fault, backoff):
    """Says what it was and waits. The Backoff for the next time; None when there is nothing to wait for."""
    backoff = backoff or Backoff()
    permanent = False
    if isinstance(fault, CountersignError):
        print(fault)
        permanent = fault.permanent
        if fault.code in ("E-WIFI-CONF", "E-IDENTITY-MISSING", "E-IDENTITY-DAMAGED"):
            return None
        if fault.code == "E-BOARD-MEMORY":
            _reset()
    else:  # a fault of the program on top: the next start may go better
        sys.print_exception(fault)
    lean()
    try:
        wait = backoff.next_ms(permanent)
        print("Next try in %d s." % ((wait + 999) // 1000))
        time.sleep_ms(wait)
        return backoff
    except KeyboardInterrupt:
        print("Stopped.")
        return None


def _reset():
    """Python's heap does not shrink, and what it holds is fragmented: only a reset brings all of it back."""
    try:
        from machine import reset
    except ImportError:
        return
    print("The board restarts in %d s, to have all its memory again." % (_BREATH // 1000))
    time.sleep_ms(_BREATH)
    reset()
