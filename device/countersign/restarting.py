"""A program that has ended with a fault, at boot: whether and when it starts again."""

import sys
import time

from .backoff import Backoff
from .errors import CountersignError
from .memory import lean


def pause(fault, backoff):
    """Says what it was and waits. The Backoff for the next time; None when there is nothing to wait for."""
    backoff = backoff or Backoff()
    permanent = False
    if isinstance(fault, CountersignError):
        print(fault)
        permanent = fault.permanent
        if fault.code in ("E-WIFI-CONF", "E-IDENTITY-MISSING", "E-IDENTITY-DAMAGED"):
            return None
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
