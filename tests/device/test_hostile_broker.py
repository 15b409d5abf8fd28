"""A broker that forges, repeats and forgets: nothing of it counts."""

import authority
import check
from countersign import judging, messages
from countersign.identity import sha256
from countersign.slots import Slots
from scenes import DAY, YEAR, enrolled, expect_healthy, is_found, when_due
from world import NOON


def forged(world, **changes):
    """A Certificate for the request that waits, with parts that are not the authority's."""
    request = messages.decode(world.retained["countersign/user1/request"])[1]
    name, spki = authority.csr_of(request[messages.PKCS10])
    theirs = world.authority
    parts = {"key": sha256(spki), "name": name, "spki": spki, "issuer": "issuing",
             "by": theirs.issuing, "ca": theirs.issuing_der, "more": ()}
    parts.update(changes)
    leaf = theirs.sign(
        parts["issuer"], parts["by"], parts["name"], parts["spki"], world.now - DAY, world.now + YEAR)
    return messages.encode(messages.CERTIFICATE, (messages.KEY, parts["key"]), (messages.LEAF, leaf),
                           (messages.ISSUER, parts["ca"]), *parts["more"])


def test_forged_answers_make_no_candidate():
    world = when_due(True)
    world.responder_is_up = False
    world.boot()
    world.live(60)
    stranger, device = authority.Key(), world.active()
    ours = world.authority
    own_ca = ours.sign("issuing", stranger, "issuing", stranger.spki, NOON - DAY, NOON + YEAR)
    own_key = type("", (), {"der": device.key()})
    below = ours.sign("user1", own_key, "sub", stranger.spki, NOON - DAY, NOON + YEAR)
    by_anchor = ours.sign("issuing", ours.issuing, "sub", stranger.spki, NOON - DAY, NOON + YEAR)
    foreign_set = ours.anchor_set(2, [own_ca], stranger)
    before = dict(world.flash)
    for answer in (
            forged(world, key=bytes(32)),
            forged(world, name="user2"),
            forged(world, spki=stranger.spki),
            forged(world, by=stranger),
            forged(world, by=stranger, ca=own_ca),
            forged(world, by=stranger, issuer="sub", ca=below),
            forged(world, by=stranger, issuer="sub", ca=by_anchor),  # by the issuing CA, as devices' are
            forged(world, more=((messages.ANCHORS, foreign_set),)),
            b"\x01\x02", b"\xff" * 4096, messages.encode(messages.COMMAND)):
        world.deliver("countersign/user1/certificate", answer)
        world.live()
        check.true(Slots(world.files).candidate() is None)
    check.equal(world.flash, before)
    # and the real one is still taken
    world.responder_is_up = True
    ours.received("countersign/user1/request", world.retained["countersign/user1/request"])
    world.live(600)
    expect_healthy(world)


def test_forged_commands_change_nothing():
    world = enrolled()
    stranger = authority.Key()
    ours = world.authority
    own_root = ours.sign("root", stranger, "root", stranger.spki, NOON - DAY, NOON + YEAR)
    board = authority.Key()
    board.der = world.active().key()

    def evil(version, by=None, issuer=None):
        here = ours.brokers_version, ours.brokers
        ours.brokers_version, ours.brokers = version, [("evil.host", 8883)]
        made = ours.broker_list(by, issuer)
        ours.brokers_version, ours.brokers = here
        return made

    damaged = evil(2)
    damaged = damaged[:-1] + bytes((damaged[-1] ^ 1,))
    before = dict(world.flash)
    for fields in (
            ((messages.ANCHORS, ours.anchor_set(2, [own_root], stranger)),),
            ((messages.ANCHORS, ours.anchor_set(2, [own_root], ours.issuing)),),  # no root
            ((messages.ANCHORS, ours.anchor_set(1, [own_root], ours.root)),),  # not newer
            ((messages.ANCHORS, ours.anchor_set(2, [b"no certificate"], ours.root)),),
            ((messages.BROKERS_VERSION, 1), (messages.BROKER, b"\x22\xb3old.host")),
            ((messages.BROKERS_VERSION, 9), (messages.BROKER, b"\0\0port.less")),
            # Brokers that nobody has signed, or not the authority, or that come from far ahead.
            ((messages.BROKERS_VERSION, 0xFFFFFFFF), (messages.BROKER, b"\x22\xb3evil.host")),
            ((messages.BROKERS_VERSION, 2), (messages.BROKER, b"\x22\xb3evil.host")),
            ((messages.BROKERS, evil(2, by=stranger)),),
            ((messages.BROKERS, evil(2, by=stranger, issuer=own_root)),),
            ((messages.BROKERS, evil(2, by=board, issuer=world.active().certificate())),),
            ((messages.BROKERS, evil(1002)),),
            ((messages.BROKERS, damaged),),
            ((messages.RENEW, bytes(32)),),
            ((messages.ACKNOWLEDGED, bytes(32)),)):
        world.deliver("countersign/user1/command", messages.encode(messages.COMMAND, *fields))
        world.live()
    check.equal(world.flash, before)


def test_topics_that_come_empty_or_in_numbers():
    world = enrolled()
    for _ in range(50):
        world.deliver("countersign/user1/command", b"")
        world.deliver("countersign/user1/command", b"\x01")
    check.true(world.live(60))
    expect_healthy(world)


def test_a_broker_that_forgets_what_it_retained():
    world = when_due(True)
    world.responder_is_up = False
    world.boot()
    world.live(600)
    world.retained.clear()
    world.responder_is_up = True
    world.boot()
    world.live(600)
    expect_healthy(world)
    world.retained.clear()
    world.boot()
    check.true(world.live(60))
    expect_healthy(world)


def believe(*_):
    return True
    yield


def test_planted_bugs_are_found():
    for planted, test in (
            ((judging, "_is_trusted", believe), test_forged_answers_make_no_candidate),
            ((judging, "_is_by_root", believe), test_forged_commands_change_nothing),
            ((judging, "_is_by_issuer", believe), test_forged_commands_change_nothing),
            ((judging, "_can_be_signed", lambda _: False), test_forged_commands_change_nothing)):
        check.true(is_found(planted, test), "nobody noticed: " + planted[1])


check.run(globals())
