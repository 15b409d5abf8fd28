"""The package as bytecode of one version, on another: what it says of itself, and that it imports. The
format is in MicroPython's docs/reference/mpyfiles.rst."""

import os
import sys

import check
from imports import import_all

FOLDER = "/device/countersign"
# What a loader asks of the board; absent where the firmware takes no bytecode at all.
TAKES = getattr(sys.implementation, "_mpy", None)


def headers():
    """The first four bytes of each module."""
    found = []
    for name in os.listdir(FOLDER):
        check.true(not name.endswith(".py"), name + " is source")
        if name.endswith(".mpy"):
            with open("%s/%s" % (FOLDER, name), "rb") as f:
                found.append(f.read(4))
    check.true(found)
    return found


def needs_bytecode():
    if TAKES is None:
        raise check.Skipped("this build takes none")


def test_nothing_but_bytecode_that_any_chip_takes():
    for magic, _, features, bits in headers():
        check.equal((magic, features), (ord("M"), 0))  # no machine code: any processor, any sub-version
        check.true(bits <= 31, "small integers of %d bits" % bits)


def test_the_version_is_the_one_that_the_board_names():
    needs_bytecode()
    for _, version, _, _ in headers():
        check.equal(version, TAKES & 0xFF)


def test_every_module_imports():
    needs_bytecode()
    check.true(import_all(FOLDER, "countersign.") > 5)


def test_another_version_of_it_is_refused():
    needs_bytecode()
    os.mkdir("/other")
    for version in (5, 7):
        with open("/other/module%d.mpy" % version, "wb") as f:
            f.write(bytes((ord("M"), version, 0, 31)) + b"\x00" * 16)
    sys.path.insert(0, "/other")
    for version in (5, 7):
        check.contains(str(check.raises(ValueError, __import__, "module%d" % version)), "incompatible")
    sys.path.pop(0)


check.run(globals())
