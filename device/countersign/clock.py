"""The clock, which never goes below the newest time that signed data has proven (the floor).

Without it a board that wakes in the year 2000 finds every certificate in the future, and whoever answers for
an NTP server could send it back to a year in which an expired certificate was good. NTP may set the clock,
never the floor. Times are seconds since 1970, on firmware that counts from 2000 too.

NTP is asked once a connection is there, then about once a day, and before the next connection when a
certificate's dates did not fit or nothing is known of the time. An ESP32's clock is some seconds a day off,
and a bad answer must not last.
"""

import time

from .uptime import Uptime


def epoch(first_year):
    """Seconds from 1970 to where the firmware's clock begins to count: 2000 on an ESP32, 1970 elsewhere."""
    return 946684800 if first_year == 2000 else 0


EPOCH = epoch(time.gmtime(0)[0])


def read_clock():
    """Seconds since 1970, as far as the board knows."""
    return int(time.time()) + EPOCH


class Clock:
    """What the firmware has is used for `read_clock`, `set_clock`, `ask_ntp` and `random` (timekeeping.py)
    unless others are given."""

    def __init__(self, files, read_clock=read_clock, set_clock=None, ask_ntp=None, uptime=None, random=None):
        from .timekeeping import stored_floor
        self.files = files
        self.now = read_clock
        self.sources = set_clock, ask_ntp, random
        self.uptime = uptime or Uptime()
        self.ask_at = 0  # by uptime
        self.doubted = False
        self.known = False  # NTP has set it since power-on: it is believed in both directions
        self.floor = stored_floor(files)

    def set(self, seconds):
        """Whether there is a clock that can be set."""
        from .timekeeping import set_clock
        return (self.sources[0] or set_clock)(seconds)

    def keep_floor(self):
        """Lifts a clock that is below the floor."""
        if self.now() < self.floor:
            self.set(self.floor)
            self.ask_at = 0

    def raise_floor(self, proven):
        """`proven` stands in something signed that has been verified, under a clock that may have been wrong.
        Flash is written at most once a day."""
        from .timekeeping import raise_floor
        raise_floor(self, proven)

    def ask_ntp(self):
        """Sets the clock from NTP. False when no server answers or its answer lies below the floor."""
        from .timekeeping import ask_ntp
        return ask_ntp(self)

    def ntp_in(self):
        """Seconds until NTP is to be asked again."""
        return self.ask_at - self.uptime()

    def doubt(self):
        """The clock may be wrong: NTP is asked before the next connection."""
        self.doubted = True

    def before_connection(self):
        """Never below the floor. NTP, which may take seconds to be silent, only when the dates need it."""
        self.keep_floor()
        if self.doubted or not self.floor and self.ask_at == 0:
            self.ask_ntp()

    def tend(self):
        """Now and then during a connection: never below the floor, NTP when it is time."""
        self.keep_floor()
        if self.ntp_in() <= 0:
            self.ask_ntp()

    def step_back_to_floor(self):
        """For one more try after "expired": the clock may have been sent ahead. Returns how far it went back
        (0: not at all), for step_forward(). What has ended by a clock that is known stays ended."""
        ahead = 0 if self.known else self.now() - self.floor
        return ahead if self.floor and ahead > 0 and self.set(self.floor) else 0

    def step_forward(self, seconds):
        """Undoes step_back_to_floor()."""
        self.set(self.now() + seconds)
