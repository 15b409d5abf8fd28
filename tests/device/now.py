"""Modules of the package whose work in slices (slices.py) is done at once, for tests that have all day.

    from now import keys
"""

import countersign.ecdsa
import countersign.keys
import countersign.making
import countersign.messages
import countersign.p256
from countersign.slices import at_once


class Now:
    def __init__(self, module):
        self._module = module

    def __getattr__(self, name):
        found = getattr(self._module, name)
        return done(found) if callable(found) and not isinstance(found, type) else found


def done(function):
    """The function, whose result is there when it returns."""
    def call(*arguments):
        result = function(*arguments)
        return at_once(result) if hasattr(result, "send") else result
    return call


ecdsa = Now(countersign.ecdsa)
keys = Now(countersign.keys)
making = Now(countersign.making)
messages = Now(countersign.messages)
p256 = Now(countersign.p256)
