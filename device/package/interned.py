#!/usr/bin/env python3
"""interned.py FOLDER FIRMWARE_NAMES: the source of a module `names` for the compiled package in FOLDER.

MicroPython keeps each name it has met for good ("interned strings"). Names that come with a module for the
moment would end up in the memory by which the heap has grown for just that moment, and hold it for ever. So
all of them come at the start: names of attributes and modules, and the paths of the files.
"""

import pathlib
import sys

_HEADER = 4  # bytes
# Never beside a connection, or on firmware that is ours.
_OTHERS = ("native", "alerts", "meeting", "resumption", "enrol")


def number(data, at):
    """(value, where it ends) of a variable-length number."""
    value = 0
    while True:
        value = value << 7 | data[at] & 0x7F
        at += 1
        if not data[at - 1] & 0x80:
            return value, at


def names_in(data):
    """The strings in the table of names of an .mpy file (version 6)."""
    count, at = number(data, _HEADER)
    _, at = number(data, at)  # objects
    for _ in range(count):
        length, at = number(data, at)
        if not length & 1:  # else: one of those that every firmware has, by its number
            end = at + (length >> 1)
            yield data[at:end].decode()
            at = end + 1


def main(folder, firmware_names):
    known = set(pathlib.Path(firmware_names).read_text().split())
    files = [file for file in sorted(pathlib.Path(folder).glob("*.mpy")) if file.stem not in _OTHERS]
    names = {name for file in files for name in names_in(file.read_bytes())}
    names = [name for name in sorted(names - known) if name.isprintable() and " " not in name]
    modules = [file.stem for file in files]
    print("for name in %r.split():" % " ".join(names))
    print("    getattr(0, name, 0)")
    print('folder = __file__[:__file__.rfind("/") + 1]')
    print("modules = %r.split()" % " ".join(modules))
    print("for name in modules:")
    print('    getattr(0, "countersign." + name, 0)')
    print('    getattr(0, folder + name + ".mpy", 0)')


main(*sys.argv[1:])
