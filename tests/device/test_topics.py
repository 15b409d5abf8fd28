"""Which topics are a board's own: asked of the Client, without any connection."""

import check
from countersign.client import Client


class Identity:
    name = "user1"
    brokers = [("127.0.0.1", 8883)]


client = Client(Identity(), clock=object())


def test_its_own_are_below_its_name():
    for own in ("temperature", "cmd/#", "devices", "countersign", "my/devices/user1", ""):
        check.equal(client.topic(own), "devices/user1/" + own)


def test_absolute_ones_are_taken_as_they_stand():
    for absolute in ("devices/other/state", "countersign/user1/command", "$SYS/uptime", "$share/g/devices/+"):
        check.equal(client.topic(absolute), absolute)


check.run(globals())
