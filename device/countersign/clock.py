"""The clock, which never goes below the newest time that signed data has proven (the floor).

Without it a board that wakes in the year 2000 finds every certificate in the future, and whoever answers for
an NTP server could send it back to a year in which an expired certificate was good. NTP may set the clock,
never the floor. Times are seconds since 1970, on firmware that counts from 2000 too.

NTP is asked once a connection is there, then about once a day, and before the next connection when a
certificate's dates did not fit or nothing is known of the time. An ESP32's clock is some seconds a day off, and
a bad answer must not last.
"""

import os
import time

from micropython import const

from .uptime import Uptime

_DAY = const(86400)
# Seconds from one question to the next: an answer lasts a day, a silence an hour. Up to a quarter of it comes
# on top, so that boards that were switched on together do not ask together.
_ANSWERED = const(86400)
_UNANSWERED = const(3600)
_FLOOR = "/slots/floor", "countersign-floor"


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
    from .dates import civil
    year, month, day, hour, minute, second, weekday = civil(seconds)
    RTC().datetime((year, month, day, weekday, hour, minute, second, 0))
    return True


def _ask_ntp():
    """Blocks for at most ntptime.timeout (1 s) and the name lookup."""
    import ntptime
    return ntptime.time() + _EPOCH


def _random(limit):
    return int.from_bytes(os.urandom(4), "little") % limit


class Clock:
    def __init__(self, files, read_clock=read_clock, set_clock=_set_clock, ask_ntp=_ask_ntp, uptime=None,
                 random=_random):
        self._files = files
        self._read_clock = read_clock
        self._set_clock = set_clock
        self._ask_ntp = ask_ntp
        self._uptime = uptime or Uptime()
        self._random = random
        self._ask_at = 0  # by uptime
        self._doubted = False
        from .counter import Counter
        self.floor = Counter(files, *_FLOOR).value

    def now(self):
        return self._read_clock()

    def keep_floor(self):
        """Lifts a clock that is below the floor."""
        if self.now() < self.floor:
            self._set_clock(self.floor)
            self._ask_at = 0

    def raise_floor(self, proven):
        """`proven` stands in something signed that has been verified. Flash is written at most once a day."""
        if proven - self.floor < _DAY:
            return
        from .counter import Counter
        self._files.make_folder("/slots")
        Counter(self._files, *_FLOOR).set(proven)
        self.floor = proven
        self.keep_floor()

    def ask_ntp(self):
        """Sets the clock from NTP. False when no server answers or its answer lies below the floor."""
        answered = self._take_ntp()
        self._doubted = False
        pause = _ANSWERED if answered else _UNANSWERED
        self._ask_at = self._uptime() + pause + self._random(pause // 4)
        return answered

    def ntp_in(self):
        """Seconds until NTP is to be asked again."""
        return self._ask_at - self._uptime()

    def doubt(self):
        """The clock may be wrong: NTP is asked before the next connection."""
        self._doubted = True

    def before_connection(self):
        """Never below the floor. NTP, which may take seconds to be silent, only when the dates need it."""
        self.keep_floor()
        if self._doubted or not self.floor and self._ask_at == 0:
            self.ask_ntp()

    def tend(self):
        """Now and then during a connection: never below the floor, NTP when it is time."""
        self.keep_floor()
        if self.ntp_in() <= 0:
            self.ask_ntp()

    def _take_ntp(self):
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
