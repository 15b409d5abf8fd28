"""Importing all that lies in a folder, whatever it is called."""

import os
import sys


class _Native:
    """A double of _countersign, as far as an import looks at it."""

    def __getattr__(self, name):
        return name


def _import(name):
    try:
        __import__(name)
    except ImportError as e:
        if "_countersign" not in str(e):
            raise
        sys.modules.pop(name, None)
        sys.modules["_countersign"] = _Native()
        try:
            __import__(name)
        finally:
            del sys.modules["_countersign"]


def import_all(folder, package):
    """How many there were, as source or as bytecode."""
    names = sorted(name for name in os.listdir(folder) if name.endswith(".py") or name.endswith(".mpy"))
    for name in names:
        _import(package + name.split(".")[0])
    return len(names)
