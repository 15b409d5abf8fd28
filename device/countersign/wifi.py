"""Wi-Fi within a bound, and why not."""

import asyncio
import time

from micropython import const

from . import errors

_POLL_MS = const(100)


async def connect(ssid, password, timeout_ms=20000, network=None):
    """The board's address; WifiPassword, WifiNotFound or WifiTimeout. `network` is the firmware's module."""
    if network is None:
        import network
    wlan = network.WLAN(getattr(network, "STA_IF", 0))
    wlan.active(True)
    if not wlan.isconnected():
        # A bad password shows for moments only, between the driver's own tries.
        fault = None
        try:
            wlan.connect(ssid, password)
        except OSError:  # the driver is at it already
            pass
        start = time.ticks_ms()
        while not wlan.isconnected():
            fault = _fault(network, wlan.status()) or fault
            if time.ticks_diff(time.ticks_ms(), start) >= timeout_ms:
                wlan.disconnect()
                raise getattr(errors, fault or "WifiTimeout")("network %s" % ssid)
            await asyncio.sleep_ms(_POLL_MS)
    return wlan.ifconfig()[0]


def _fault(network, status):
    # The numbers differ between firmwares; the names are what they share.
    if status == getattr(network, "STAT_WRONG_PASSWORD", None):
        return "WifiPassword"
    if status == getattr(network, "STAT_NO_AP_FOUND", None):
        return "WifiNotFound"
    return None
