"""The test runner for MicroPython: every test_… function of a file, a line each; exit status 1 if any failed.

    check.run(globals())
"""

import asyncio
import os
import sys


class Skipped(Exception):
    """This MicroPython has not got what the test is about."""


def run(names):
    failed = skipped = 0
    only = os.getenv("ONLY") or ""  # for people at work on one test: a part of its name
    tests = sorted(name for name in names if name.startswith("test_") and only in name)
    for name in tests:
        try:
            result = names[name]()
            if hasattr(result, "send"):
                _run(result)
            print("ok    ", name)
        except Skipped as e:
            skipped += 1
            print("skipped", name, e)
        except Exception as e:
            failed += 1
            print("FAILED", name)
            sys.print_exception(e)
    print("%d passed, %d failed, %d skipped" % (len(tests) - failed - skipped, failed, skipped))
    sys.exit(1 if failed or not tests else 0)


def _run(work):
    try:
        asyncio.run(work)
    finally:
        asyncio.new_event_loop()


def equal(got, wanted):
    if got != wanted:
        raise AssertionError("got %r, wanted %r" % (got, wanted))


def true(got, what=""):
    if not got:
        raise AssertionError(what or "not true")


def contains(text, part):
    if part not in text:
        raise AssertionError("%r is not in %r" % (part, text))


def raises(kind, function, *arguments):
    """The exception."""
    try:
        result = function(*arguments)
    except kind as e:
        return e
    raise AssertionError("no %s but %r" % (kind.__name__, result))
