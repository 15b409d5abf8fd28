"""Room on a chip that has 64 kB for Python, and as much again for Wi-Fi and TLS together.

What is needed once in a connection (joining the Wi-Fi, the handshake) or once in a year (a renewal) is
imported when its time comes and forgotten afterwards. Nothing that lasts may be of a class of theirs: it
would hold its module.
"""

import gc
import sys

from micropython import const

_OFTEN = const(8192)  # bytes
_MODULES = const(12)  # of the package that are there at the same time, beside those that last

# What a connection lives on: all other modules of the package go. These are the modules as they are on a
# board, where most of the package has been joined into few (device/package/join.py).
_LASTING = ("core", "stock", "native", "resumption", "board", "program", "errors", "client")


def lean():
    """Forgets the modules that are not needed now. A program that has imported one keeps its own."""
    if __file__.endswith(".py"):  # to bring them back would be to compile them
        return
    package = sys.modules["countersign"]
    for name in list(sys.modules):
        if name.startswith("countersign.") and name[12:] not in _LASTING:
            del sys.modules[name]
            try:  # to ask whether it is there would bring it back (__getattr__)
                delattr(package, name[12:])
            except (AttributeError, KeyError):
                pass
    gc.collect()


def lean_again():
    """Forgets what a call has brought in since (device/package/seldom.py), if any has."""
    if "countersign.seldom" in sys.modules:
        lean()


def take_names():
    """So that none of them comes at a time when the heap has grown (device/package/interned.py)."""
    if __file__.endswith(".py"):
        return
    from .names import modules
    # The two tables of modules likewise: as large as they will be.
    package = sys.modules["countersign"]
    spare = [name for name in modules if name not in _LASTING][:_MODULES]
    for name in spare:
        sys.modules[name] = None
        setattr(package, name, None)
    for name in spare:
        del sys.modules[name]
        delattr(package, name)
    lean()


def settled(data):
    """A copy, after a collection: as low in the heap as can be, so that it does not hold a part by which the
    heap has grown."""
    return data and bytes(memoryview(data))


def collect_often(allocated=_OFTEN):
    """Garbage is collected whenever so many bytes have been allocated, and not only when the heap is full: it
    would be in pieces then, and grow. Returns what it was before."""
    before = gc.threshold()
    gc.threshold(allocated)
    return before


def has_room(wanted):
    """Whether Python can take so many bytes without growing. An ESP32 counts what it could grow by as free:
    the largest block of the memory that Wi-Fi and TLS live in."""
    lean()
    return gc.mem_free() - max([0] + [largest for _, largest in regions()]) >= wanted


def regions():
    """(free, largest block) of each region of an ESP32's memory for Wi-Fi and TLS; none elsewhere."""
    try:
        from esp32 import HEAP_DATA, idf_heap_info
        return [region[1:3] for region in idf_heap_info(HEAP_DATA)]
    except ImportError:
        return []
