"""The package as the bytecode of one version, on another: what it says of itself, that it imports and works. The
format is in MicroPython's docs/reference/mpyfiles.rst."""

import os
import sys

import check
from imports import import_all

FOLDER = "/device/countersign"
# What a loader asks of the board; absent where the firmware takes no bytecode at all.
TAKES = getattr(sys.implementation, "_mpy", None)


def header(name):
    with open("%s/%s" % (FOLDER, name), "rb") as f:
        return f.read(4)


def needs_bytecode():
    if TAKES is None:
        raise check.Skipped("this build takes none")


def test_nothing_but_bytecode_that_any_chip_takes():
    for name in os.listdir(FOLDER):
        check.true(name.endswith(".mpy"), name)
        magic, _, features, bits = header(name)
        check.equal((magic, features), (ord("M"), 0))  # no machine code: any processor, any sub-version
        check.true(bits <= 31, "its small integers have %d bits" % bits)


def test_the_version_is_the_one_that_the_board_names():
    needs_bytecode()
    for name in os.listdir(FOLDER):
        check.equal(header(name)[1], TAKES & 0xFF)


def test_every_module_imports_and_the_client_works():
    needs_bytecode()
    check.true(import_all(FOLDER, "countersign.") > 5)
    from countersign.client import Client

    class Identity:
        name = "user1"
        brokers = []

    check.equal(Client(Identity(), clock=object()).topic("state"), "devices/user1/state")


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
