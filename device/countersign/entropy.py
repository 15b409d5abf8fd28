"""Randomness for keys: from the chip's generator, and from elsewhere too, so that one poor source does no
harm.

An ESP32's generator is truly random only while its radio is on (Espressif, "Random Number Generation"), and
the first key is made before there is any Wi-Fi to join: the radio is switched on first. The 32 bytes of the
host that come over the cable, or for later keys the present key, and the chip's own number are hashed in.
"""

import hashlib
import os


def chip_id():
    """What tells this chip from all others; empty where the firmware has no such thing."""
    try:
        from machine import unique_id
        return bytes(unique_id())
    except ImportError:
        return b""


def secret(more, random=os.urandom):
    """32 bytes, evenly from 1 to N-1. `more` is known to nobody who could foretell the chip's generator."""
    from .p256 import N
    _radio_on()
    while True:
        made = hashlib.sha256(random(32) + hashlib.sha256(more).digest() + chip_id()).digest()
        if 0 < int.from_bytes(made, "big") < N:
            return made


def _radio_on():
    """Stays on: who makes a key talks about it next."""
    try:
        import network
        network.WLAN(getattr(network, "STA_IF", 0)).active(True)
    except (ImportError, AttributeError, OSError):  # no radio, so the generator does not depend on one
        pass
