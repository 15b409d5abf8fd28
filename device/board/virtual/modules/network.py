# A double of ESP32's Wi-Fi: associates with any network after a moment. What the world around the board is
# like is read from the file /.board (JSON) each time: {"wifi": "ok" | "ap missing" | "wrong password"};
# without the file all is well.
import time

import _world

STA_IF = 0
AP_IF = 1

STAT_IDLE = 1000
STAT_CONNECTING = 1001
STAT_GOT_IP = 1010
STAT_BEACON_TIMEOUT = 200
STAT_NO_AP_FOUND = 201
STAT_WRONG_PASSWORD = 202
STAT_ASSOC_FAIL = 203
STAT_HANDSHAKE_TIMEOUT = 204

_ASSOCIATION_MS = 200
_FAULTS = {"ap missing": STAT_NO_AP_FOUND, "wrong password": STAT_WRONG_PASSWORD}
_hostname = "mpy-esp32"


def hostname(name=None):
    global _hostname
    if name is None:
        return _hostname
    _hostname = name


def country(code=None):
    return "XX"


class WLAN:
    IF_STA = STA_IF
    IF_AP = AP_IF
    PM_NONE = 0
    PM_PERFORMANCE = 1
    PM_POWERSAVE = 2
    _state = {STA_IF: [False, None, None], AP_IF: [False, None, None]}  # active, ssid, since (ticks)

    def __init__(self, interface_id=STA_IF):
        self._id = interface_id
        self._my = WLAN._state[interface_id]

    def active(self, on=None):
        if on is None:
            return self._my[0]
        self._my[0] = bool(on)
        if not on:
            self.disconnect()

    def connect(self, ssid=None, key=None, *, bssid=None):
        if not self._my[0]:
            raise OSError("Wifi Not Started")
        self._my[1], self._my[2] = ssid, time.ticks_ms()

    def disconnect(self):
        self._my[1] = self._my[2] = None

    def status(self, what=None):
        if what == "rssi":
            return -50
        if self._my[2] is None:
            return STAT_IDLE
        if time.ticks_diff(time.ticks_ms(), self._my[2]) < _ASSOCIATION_MS:
            return STAT_CONNECTING
        return _FAULTS.get(_world.get("wifi"), STAT_GOT_IP)

    def isconnected(self):
        return self.status() == STAT_GOT_IP

    def ifconfig(self, value=None):
        if self.isconnected():
            return ("127.0.0.1", "255.0.0.0", "127.0.0.1", "127.0.0.1")
        return ("0.0.0.0", "0.0.0.0", "0.0.0.0", "0.0.0.0")

    def ipconfig(self, what=None, **settings):
        address, mask = self.ifconfig()[:2]
        return {"addr4": (address, mask), "has_dhcp4": self.isconnected()}.get(what)

    def scan(self):
        if _world.get("wifi") == "ap missing":
            return []
        return [(b"home", b"\x02\x00\x00\x00\x00\x01", 1, -50, 3, False)]

    def config(self, *what, **settings):
        import machine

        ssid = self._my[1] or ""
        values = {"mac": machine.unique_id(), "essid": ssid, "ssid": ssid, "channel": 1}
        return values.get(what[0]) if what else None
