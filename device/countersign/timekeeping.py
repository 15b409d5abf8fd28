"""What a Clock needs now and then: the firmware's clock set, NTP asked, the floor in flash."""

import os

from micropython import const

from .clock import EPOCH
from .counter import Counter

_DAY = const(86400)
# Seconds from one question to NTP to the next: an answer lasts a day, a silence an hour. Up to a quarter of
# it comes on top, so that boards that were switched on together do not ask together.
_ANSWERED = const(86400)
_UNANSWERED = const(3600)
# How far the floor rises at once when no NTP server says that it is so late: less than what is left of a
# broker's certificate when it is renewed (a third of a year), so that one wrong word locks nobody out.
_RISE = const(7776000)
_FLOOR = "/slots/floor", "countersign-floor"


def stored_floor(files):
    return Counter(files, *_FLOOR).value


def raise_floor(clock, proven):
    """Clock.raise_floor()"""
    if clock.floor and proven - clock.floor > _RISE and not (clock.known or clock.ask_ntp()):
        proven = clock.floor + _RISE
    if clock.known:
        proven = min(proven, clock.now() + _DAY)
    if proven - clock.floor < _DAY:
        return
    clock.files.make_folder("/slots")
    Counter(clock.files, *_FLOOR).set(proven)
    clock.floor = proven
    clock.keep_floor()


def set_clock(seconds):
    """Whether there is a clock that can be set."""
    try:
        from machine import RTC
    except ImportError:  # a computer keeps its own time
        return False
    from .dates import civil
    year, month, day, hour, minute, second, weekday = civil(seconds)
    RTC().datetime((year, month, day, weekday, hour, minute, second, 0))
    return True


def ask_ntp(clock):
    """Clock.ask_ntp(). Blocks for at most ntptime.timeout (1 s) and the name lookup."""
    _, ask, random = clock.sources
    try:
        told = (ask or _ask)()
        answered = bool(told >= clock.floor and clock.set(told))
    except (ImportError, OSError, IndexError, ValueError):
        answered = False
    pause = _ANSWERED if answered else _UNANSWERED
    clock.ask_at = clock.uptime() + pause + (random or _random)(pause // 4)
    clock.doubted = False
    clock.known = clock.known or answered
    return answered


def _ask():
    import ntptime
    return ntptime.time() + EPOCH


def _random(limit):
    return int.from_bytes(os.urandom(4), "little") % limit
