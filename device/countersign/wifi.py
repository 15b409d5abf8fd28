"""Wi-Fi within a bound, and why not."""

import asyncio
import time

from micropython import const

from . import errors

_POLL_MS = const(100)

# The numbers differ between firmwares; the names are what they share.
_STATUSES = (
    ("STAT_WRONG_PASSWORD", "WifiPassword"),
    ("STAT_HANDSHAKE_TIMEOUT", "WifiPassword"),  # what ESP-IDF 5 says of a wrong one
    ("STAT_NO_AP_FOUND", "WifiNotFound"),
    ("STAT_NO_AP_FOUND_IN_RSSI_THRESHOLD", "WifiNotFound"),
    ("STAT_NO_AP_FOUND_IN_AUTHMODE_THRESHOLD", "WifiSecurity"),
    ("STAT_NO_AP_FOUND_W_COMPATIBLE_SECURITY", "WifiSecurity"),
)
_FOUR_WAY_HANDSHAKE_TIMEOUT = const(15)  # IEEE 802.11's; the ESP32 hands it on without a name


async def connect(ssid, password, timeout_ms=20000, network=None):
    """The board's address; WifiPassword, WifiSecurity, WifiNotFound or WifiTimeout. `network` is the
    firmware's module."""
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
    if status == _FOUR_WAY_HANDSHAKE_TIMEOUT:
        return "WifiPassword"
    for name, fault in _STATUSES:
        if status == getattr(network, name, None):
            return fault
    return None
