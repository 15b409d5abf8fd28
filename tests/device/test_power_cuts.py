"""Enrolment, renewal, anchors and brokers, with the power cut at every file operation and network event."""

import check
from countersign.slots import Slots
from scenes import (
    DAY, YEAR, change_brokers, enrol_board, enrolled, enrolment_calls, expect_healthy, when_due)
from world import Power, PowerCut, World


def cut_everywhere(begin, act, finish):
    """`begin(atomic)` makes a world, `act(world, power)` is cut at each event, `finish(world)` mends it."""
    for atomic in (True, False):
        world = begin(atomic)
        power = Power()
        act(world, power)
        events = power.events
        check.true(events > 12, "only %d events" % events)
        print("        %d events" % events)
        for cut in range(events):
            for how in ("before", "middle", "after"):
                world = begin(atomic)
                try:
                    act(world, Power(cut, how))
                    raise AssertionError("no cut at %d" % cut)
                except PowerCut:
                    pass
                try:
                    finish(world)
                except Exception as e:
                    print("cut at %d %s, atomic %s" % (cut, how, atomic), world.lines[-5:])
                    raise e


def reboot_and_finish(world):
    """The board comes back, connects at once, and within a day everything is as it should be."""
    world.boot()
    check.true(world.live(), "it does not connect")
    world.live(DAY, 3600)
    expect_healthy(world)


def test_power_cuts_during_enrolment():
    def begin(atomic):
        return World(atomic)

    def act(world, power):
        world.power = power
        enrolment_calls(world, world.files)

    def finish(world):
        enrol_board(world)
        reboot_and_finish(world)
        check.true(Slots(world.files).birth() is not None)

    cut_everywhere(begin, act, finish)


def test_power_cuts_during_a_second_enrolment():
    """The board is in use: until the new identity is whole it goes on with the old one, and with a birth."""
    def act(world, power):
        world.power = power
        enrolment_calls(world, world.files)

    def finish(world):
        world.boot()
        check.true(world.live(), "it does not connect")
        enrol_board(world)
        reboot_and_finish(world)

    cut_everywhere(enrolled, act, finish)


def start_and_live(world, power):
    world.boot(power)
    world.live(600)


def test_power_cuts_during_a_renewal():
    def finish(world):
        reboot_and_finish(world)
        # one renewal, or two when the first request's key was not yet in flash with it
        check.true(3 <= len(world.authority.records) <= 4)
        check.true(world.authority.records[-1].state == "active")

    cut_everywhere(when_due, start_and_live, finish)


def test_power_cuts_during_a_second_renewal():
    """The free slot holds an identity that has been retired."""
    def begin(atomic):
        world = when_due(atomic)
        world.boot()
        world.live(600)
        expect_healthy(world)
        world.now += YEAR * 4 // 5
        return world

    cut_everywhere(begin, start_and_live, reboot_and_finish)


def test_power_cuts_during_a_renewal_by_birth():
    def begin(atomic):
        world = enrolled(atomic)
        world.now += 2 * YEAR
        return world

    cut_everywhere(begin, start_and_live, reboot_and_finish_soon)


def reboot_and_finish_soon(world):
    world.boot()
    world.live(DAY, 3600)
    check.true(world.live(), "it does not connect")
    expect_healthy(world)


def test_power_cuts_during_a_change_of_anchors():
    def begin(atomic):
        world = enrolled(atomic)
        world.authority.replace_root()
        world.authority.command("user1")
        return world

    def finish(world):
        reboot_and_finish(world)
        check.equal(world.active().anchors(), world.authority.anchors)

    cut_everywhere(begin, start_and_live, finish)


def test_power_cuts_during_a_change_of_brokers():
    def begin(atomic):
        world = enrolled(atomic)
        change_brokers(world)
        return world

    def finish(world):
        reboot_and_finish(world)
        check.equal(world.active().brokers, [("broker.two", 8883), ("broker.one", 8883)])

    cut_everywhere(begin, start_and_live, finish)


check.run(globals())
