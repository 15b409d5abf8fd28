"""Wi-Fi within a bound; `network` is the tests' own, with the ESP32's numbers."""

import asyncio

import check
from countersign import wifi
from countersign.errors import WifiNotFound, WifiPassword, WifiSecurity, WifiTimeout


class Network:
    STA_IF = 0
    STAT_WRONG_PASSWORD = 202
    STAT_NO_AP_FOUND = 201
    STAT_HANDSHAKE_TIMEOUT = 204
    STAT_NO_AP_FOUND_W_COMPATIBLE_SECURITY = 210
    STAT_NO_AP_FOUND_IN_AUTHMODE_THRESHOLD = 211
    STAT_NO_AP_FOUND_IN_RSSI_THRESHOLD = 212

    def __init__(self, statuses, connects_after=None):
        """`statuses` one poll after the other, the last one for ever; connected after so many polls."""
        self.statuses = statuses
        self.polls = 0
        self.after = connects_after
        self.asked = []

    def WLAN(self, interface):
        return self

    def active(self, on):
        self.asked.append("active")

    def connect(self, ssid, password):
        self.asked.append((ssid, password))

    def disconnect(self):
        self.asked.append("disconnect")

    def isconnected(self):
        return self.after is not None and self.polls >= self.after

    def status(self):
        self.polls += 1
        return self.statuses[min(self.polls, len(self.statuses)) - 1]

    def ifconfig(self):
        return ("192.168.1.77", "", "", "")


def join(network, timeout_ms=5000):
    return asyncio.run(wifi.connect("home", "secret123", timeout_ms, network))


def test_comes_up():
    network = Network([1001], connects_after=2)
    check.equal(join(network), "192.168.1.77")
    check.equal(network.asked, ["active", ("home", "secret123")])


def test_is_up_already():
    network = Network([1010], connects_after=0)
    check.equal(join(network), "192.168.1.77")
    check.equal(network.asked, ["active"])


def test_faults_in_words():
    for statuses, kind in (([202], WifiPassword), ([201], WifiNotFound), ([1001], WifiTimeout),
                           ([15], WifiPassword), ([204], WifiPassword), ([210], WifiSecurity),
                           ([211], WifiSecurity), ([212], WifiNotFound),
                           ([1001, 202, 1001], WifiPassword)):  # shows between tries only
        network = Network(statuses)
        fault = check.raises(kind, join, network, 250)
        check.contains(str(fault), "home")
        check.true("secret123" not in str(fault))
        check.equal(network.asked[-1], "disconnect")


def test_a_driver_that_is_at_it_already():
    class Busy(Network):
        def connect(self, ssid, password):
            raise OSError("Wifi Internal State Error")

    check.equal(join(Busy([1001], connects_after=2)), "192.168.1.77")


def test_a_moment_of_trouble_is_not_the_end():
    check.equal(join(Network([201, 1001], connects_after=3)), "192.168.1.77")


check.run(globals())
