"""The clock, which never goes below the newest time that signed data has proven (the floor).

Without it a board that wakes in the year 2000 finds every certificate in the future, and whoever answers for
an NTP server could send it back to a year in which an expired certificate was good. NTP may set the clock,
never the floor. Times are seconds since 1970, on firmware that counts from 2000 too.
"""

import time

from micropython import const

from .counter import Counter
from .dates import civil

_DAY = const(86400)


def epoch(first_year):
    """Seconds from 1970 to where the firmware's clock begins to count: 2000 on an ESP32, 1970 elsewhere."""
    return 946684800 if first_year == 2000 else 0


_EPOCH = epoch(time.gmtime(0)[0])


def read_clock():
    """Seconds since 1970, as far as the board knows."""
    return int(time.time()) + _EPOCH


def _set_clock(seconds):
    """Whether there is a clock that can be set."""
    try:
        from machine import RTC
    except ImportError:  # a computer keeps its own time
        return False
    year, month, day, hour, minute, second, weekday = civil(seconds)
    RTC().datetime((year, month, day, weekday, hour, minute, second, 0))
    return True


def _ask_ntp():
    """Blocks for at most ntptime.timeout (1 s) and the name lookup."""
    import ntptime
    return ntptime.time() + _EPOCH


class Clock:
    def __init__(self, files, read_clock=read_clock, set_clock=_set_clock, ask_ntp=_ask_ntp):
        self._files = files
        self._read_clock = read_clock
        self._set_clock = set_clock
        self._ask_ntp = ask_ntp
        self._kept = Counter(files, "/slots/floor", "countersign-floor")

    @property
    def floor(self):
        return self._kept.value

    def now(self):
        return self._read_clock()

    def keep_floor(self):
        """Lifts a clock that is below the floor."""
        if self.now() < self.floor:
            self._set_clock(self.floor)

    def raise_floor(self, proven):
        """`proven` stands in something signed that has been verified. Flash is written at most once a day."""
        if proven - self.floor < _DAY:
            return
        self._files.make_folder("/slots")
        self._kept.set(proven)
        self.keep_floor()

    def ask_ntp(self):
        """Sets the clock from NTP. False when no server answers or its answer lies below the floor."""
        try:
            told = self._ask_ntp()
        except (ImportError, OSError, IndexError, ValueError):
            return False
        return told >= self.floor and self._set_clock(told)

    def step_back_to_floor(self):
        """For one more try after "expired": the clock may have been sent ahead. Returns how far it went back
        (0: not at all), for step_forward()."""
        ahead = self.now() - self.floor
        if self.floor and ahead > 0 and self._set_clock(self.floor):
            return ahead
        return 0

    def step_forward(self, seconds):
        """Undoes step_back_to_floor()."""
        self._set_clock(self.now() + seconds)
