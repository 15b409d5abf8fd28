"""Dates in UTC, in numbers of any size: the firmware's own end with 32 bits, those of certificates later."""

_DAY = 86400
_ERA = 146097  # days in 400 years, after which the calendar repeats
_EPOCH = 719468  # days from 0000-03-01 to 1970-01-01


def unix_seconds(year, month, day, hour=0, minute=0, second=0):
    # Years begin in March here, so that the leap day is the last of its year.
    y = year - (month <= 2)
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    days = y * 365 + y // 4 - y // 100 + y // 400 + of_year - _EPOCH
    return ((days * 24 + hour) * 60 + minute) * 60 + second


def civil(seconds):
    """(year, month, day, hour, minute, second, weekday), Monday being 0."""
    days, rest = divmod(seconds, _DAY)
    era, of_era = divmod(days + _EPOCH, _ERA)
    y = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    of_year = of_era - (365 * y + y // 4 - y // 100)
    m = (5 * of_year + 2) // 153
    day = of_year - (153 * m + 2) // 5 + 1
    month = m + 3 if m < 10 else m - 9
    year = era * 400 + y + (month <= 2)
    return year, month, day, rest // 3600, rest // 60 % 60, rest % 60, (days + 3) % 7


def text(seconds):
    """2025-01-31 12:00:00 UTC"""
    return "%04d-%02d-%02d %02d:%02d:%02d UTC" % civil(seconds)[:6]
