"""Dates against `date -u`, and day by day against the firmware's own gmtime as far as that goes."""

import time

import check
from countersign import dates

# date -u -d '…' +%s
_KNOWN = (
    ((1970, 1, 1, 0, 0, 0), 0),
    ((1950, 1, 1, 0, 0, 0), -631152000),
    ((2000, 1, 1, 0, 0, 0), 946684800),
    ((2024, 2, 29, 0, 0, 0), 1709164800),
    ((2038, 1, 19, 3, 14, 8), 2147483648),
    ((2100, 2, 28, 23, 59, 59), 4107542399),
    ((2100, 3, 1, 0, 0, 0), 4107542400),  # 2100 has no leap day
    ((9999, 12, 31, 23, 59, 59), 253402300799),
)


def test_known_dates():
    for date, seconds in _KNOWN:
        check.equal(dates.unix_seconds(*date), seconds)
        check.equal(dates.civil(seconds)[:6], date)


def test_every_day_until_2038():
    for day in range(0, 24855):
        seconds = day * 86400 + day * 7 % 86400
        check.equal(dates.civil(seconds), time.gmtime(seconds)[:7])
        check.equal(dates.unix_seconds(*dates.civil(seconds)[:6]), seconds)


def test_text():
    check.equal(dates.text(1748779200), "2025-06-01 12:00:00 UTC")
    check.equal(dates.text(253402300799), "9999-12-31 23:59:59 UTC")


check.run(globals())
