"""Every module of the package imports on this version, and main.py and the examples are Python to it."""

import os
import sys

import check
from imports import import_all


def test_every_module_of_the_package():
    check.true(import_all("/device/countersign", "countersign.") > 5)


def test_main_at_the_repl():
    """A board without wifi.conf: it says what to do."""
    import main
    check.true(callable(main.start) and callable(main.start_client))


def test_the_examples_compile():
    names = os.listdir("/device/examples")
    check.true(names)
    for name in names:
        with open("/device/examples/" + name) as f:
            compile(f.read(), name, "exec")


def test_a_module_that_does_not_import_is_found():
    os.mkdir("/broken")
    sys.path.insert(0, "/broken")
    for name, source, kind in (("syntax", "match 1:\n    case 1: pass\n", SyntaxError),
                               ("lacks", "import enum\n", ImportError), ("raises", "IOError\n", NameError)):
        with open("/broken/%s.py" % name, "w") as f:
            f.write(source)
        check.raises(kind, import_all, "/broken", "")
        os.remove("/broken/%s.py" % name)
    sys.path.pop(0)


check.run(globals())
