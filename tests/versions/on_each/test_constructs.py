"""That constructs.py tells the truth about this version, and so about what a program for all may use."""

import sys

import check
from constructs import CONSTRUCTS, NEVER, NOT_ON_CHIPS


def runs(source):
    try:
        exec(source, {})
        return True
    except Exception:  # of a SyntaxError too
        return False


def is_chip_like():
    """The virtual board has the features of an ESP32's firmware, MicroPython's builds for Node have more."""
    return sys.platform != "webassembly"


def wrong_claims(constructs):
    version = sys.implementation.version[:2]
    wrong = []
    for what, since, _, example in constructs:
        if since == NOT_ON_CHIPS and not is_chip_like():
            continue
        if runs(example) != (since is not NEVER and version >= since):
            wrong.append(what)
    return wrong


def test_what_is_said_to_be_there_is_there_and_nothing_else():
    check.equal(wrong_claims(CONSTRUCTS), [])


def test_a_wrong_claim_is_found():
    never, always = ("x", NEVER, (), "1"), ("y", (1, 22), (), "no_such_name")
    check.equal(wrong_claims([never, always]), ["x", "y"])


check.run(globals())
