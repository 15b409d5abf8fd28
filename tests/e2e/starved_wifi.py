# Runs on the RISC-V board: Wi-Fi that comes after a program has taken the memory, and what mends it.
import gc
import socket
import time

import esp32
import network

_PATIENCE_MS = 5000


def _say(name, *words):
    print(name, *(words + tuple([r[1] for r in esp32.idf_heap_info(esp32.HEAP_DATA)])))


def _address_of(wlan):
    """The status after a while; with an address, at once."""
    wlan.connect("home", "password")
    start = time.ticks_ms()
    while not wlan.isconnected() and time.ticks_diff(time.ticks_ms(), start) < _PATIENCE_MS:
        time.sleep_ms(20)
    status = wlan.status()
    if not wlan.isconnected():
        wlan.disconnect()
    return status


def _hold_until(is_enough):
    held = []
    while not is_enough():
        held.append(bytearray(1000))
    return held


def _largest():
    return max([r[2] for r in esp32.idf_heap_info(esp32.HEAP_DATA)])


# Python's heap has grown twice, as a large program's does.
_before = _largest()
_held = _hold_until(lambda: _largest() < min(_before, 40000))
_say("GROWN")
try:
    _wlan = network.WLAN(network.STA_IF)
    _wlan.active(True)
    _say("ACTIVE")
    _say("STARVED", _address_of(_wlan))
except RuntimeError as e:  # not even the driver's first needs
    _say("REFUSED", repr(str(e)))
_held = None
gc.collect()
_wlan = network.WLAN(network.STA_IF)
if _wlan.active():
    _say("STILL", _address_of(_wlan))
_wlan.active(False)
_wlan.active(True)
_say("MENDED", _address_of(_wlan))

# Without memory for a frame nothing leaves, and nothing else happens. What one piece cannot take, smaller
# ones can.
_held = []
try:
    while True:
        _held.append(bytearray(max(64, _largest() // 2)))
except MemoryError:
    pass
_socks = []
try:
    while True:
        _socks.append(socket.socket())
except OSError:
    _say("FULL")
_socks[0].settimeout(3)
try:
    _socks[0].connect(BROKER)  # noqa: F821
    _say("REACHED")
except OSError as e:
    _say("LOST", e.errno)
for _sock in _socks:
    _sock.close()
_held = None
gc.collect()
_sock = socket.socket()
_sock.settimeout(10)
_sock.connect(BROKER)  # noqa: F821
_say("REACHED")
