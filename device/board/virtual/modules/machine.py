# A double of ESP32's `machine`: pins remember their value, the clock and the resets are the board's own.
import sys
import time

import _board

PWRON_RESET = 1
HARD_RESET = 2
WDT_RESET = 3
DEEPSLEEP_RESET = 4
SOFT_RESET = 5

_reset_cause = PWRON_RESET
_flash = ""
_frequency = 160000000


def reset():
    _board.reset(HARD_RESET, 0)


def soft_reset():
    sys.exit()


def deepsleep(time_ms=0):
    _board.reset(DEEPSLEEP_RESET, time_ms)


def lightsleep(time_ms=0):
    time.sleep_ms(time_ms)


def idle():
    time.sleep_ms(1)


def reset_cause():
    return _reset_cause


def unique_id():
    # An address of the kind Espressif's chips carry; the board's folder makes it a board's own and lasting.
    import hashlib

    return b"\x24\x0a\xc4" + hashlib.sha256(_flash).digest()[:3]


def freq(hz=None):
    global _frequency
    if hz is None:
        return _frequency
    _frequency = hz


def disable_irq():
    return 0


def enable_irq(state):
    pass


class RTC:
    _memory = b""

    def datetime(self, value=None):
        if value is None:
            t = time.gmtime()
            return (t[0], t[1], t[2], t[6], t[3], t[4], t[5], 0)
        year, month, day, _, hour, minute, second = value[:7]
        # TZ is UTC on the board, so mktime counts UTC.
        _board.set_time(int(time.mktime((year, month, day, hour, minute, second, 0, 0, 0))))

    def init(self, value):
        self.datetime(value)

    def memory(self, data=None):
        if data is None:
            return RTC._memory
        RTC._memory = bytes(data)


class Pin:
    IN = 1
    OUT = 3
    OPEN_DRAIN = 7
    PULL_UP = 2
    PULL_DOWN = 1
    IRQ_RISING = 1
    IRQ_FALLING = 2
    _values = {}

    def __init__(self, id, mode=-1, pull=-1, *, value=None):
        self._id = id
        if value is not None:
            self.value(value)

    def init(self, mode=-1, pull=-1, *, value=None):
        if value is not None:
            self.value(value)

    def value(self, value=None):
        if value is None:
            return Pin._values.get(self._id, 0)
        Pin._values[self._id] = 1 if value else 0

    def __call__(self, value=None):
        return self.value(value)

    def on(self):
        self.value(1)

    def off(self):
        self.value(0)

    def toggle(self):
        self.value(not self.value())

    def irq(self, handler=None, trigger=3):
        return handler

    def __repr__(self):
        return "Pin(%s)" % self._id


class WDT:
    def __init__(self, id=0, timeout=5000):
        pass

    def feed(self):
        pass
