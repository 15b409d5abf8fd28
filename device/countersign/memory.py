"""Room on a chip that has 64 kB for Python, and as much again for Wi-Fi and TLS together.

What is needed once in a connection (joining the Wi-Fi, the handshake) or once in a year (a renewal) is
imported when its time comes and forgotten afterwards. Nothing that lasts may be of a class of theirs: it
would hold its module.
"""

import gc
import sys

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


def room():
    """Bytes that Python can take without growing. An ESP32 counts what it could grow by as free: the largest
    block of the memory that Wi-Fi and TLS live in."""
    gc.collect()
    free = gc.mem_free()
    try:
        from esp32 import HEAP_DATA, idf_heap_info
        free -= max([region[2] for region in idf_heap_info(HEAP_DATA)])
    except ImportError:
        pass
    return free
