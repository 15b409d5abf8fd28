"""Full jitter from 1 s to 5 min, forgotten only after a connection that lasted."""

import check
from countersign.backoff import Backoff


def limits(backoff, count, permanent=False):
    """With a random source that always picks the largest, the limits themselves."""
    return [backoff.next_ms(permanent) for _ in range(count)]


def test_doubles_from_one_second_to_five_minutes():
    wanted = [1000, 2000, 4000, 8000, 16000, 32000, 64000, 128000, 256000, 300000, 300000]
    check.equal(limits(Backoff(lambda limit: limit), 11), wanted)


def test_jitter_is_full():
    waits = limits(Backoff(), 60)[10:]
    check.true(min(waits) < 75000 and max(waits) > 225000, "fifty waits do not spread: %r" % waits)
    check.true(all(0 <= wait <= 300000 for wait in waits))


def test_reset_only_after_a_stable_connection():
    backoff = Backoff(lambda limit: limit)
    limits(backoff, 3)
    backoff.lived(59999)
    check.equal(limits(backoff, 1), [8000])
    backoff.lived(60000)
    check.equal(limits(backoff, 1), [1000])


def test_the_third_permanent_fault_in_a_row_slows_down_to_a_minute():
    check.equal(limits(Backoff(lambda limit: limit), 4, permanent=True), [1000, 2000, 60000, 60000])


def test_what_somebody_has_cured_is_seen_within_a_minute():
    backoff = Backoff(lambda limit: limit)
    limits(backoff, 12)  # the broker was away for long
    check.equal(limits(backoff, 4, permanent=True), [60000, 60000, 60000, 60000])


def test_permanent_faults_with_a_passing_one_between():
    backoff = Backoff(lambda limit: limit)
    limits(backoff, 2, permanent=True)
    limits(backoff, 1)
    check.equal(limits(backoff, 2, permanent=True), [8000, 16000])


def test_after_an_hour_nobody_stands_by_any_more():
    backoff = Backoff(lambda limit: limit)
    waits = limits(backoff, 122, permanent=True)
    check.equal(waits[118:], [60000, 60000, 300000, 300000])
    backoff.lived(0)
    check.equal(limits(backoff, 1, permanent=True), [60000])


check.run(globals())
