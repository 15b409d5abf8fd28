"""Renewal, anchors, brokers and birth, with the power cut at every file operation and network event."""

import os
import time

import authority
import check
from authority import printed
from countersign import enrol, messages, renewal
from countersign.errors import BrokerRefused, BrokerSilent, BrokerUntrusted
from countersign.renewal import Renewal
from countersign.slots import Slots
from world import NOON, Power, PowerCut, World

DAY = 86400
YEAR = 365 * DAY


def enrolled(atomic=True, birth=True):
    """A world with a board that has connected and been confirmed."""
    world = World(atomic)
    enrol_board(world)
    world.boot()
    check.true(world.live(60), "it did not connect")
    expect_healthy(world)
    return world


def enrol_board(world):
    """What the host does with the cable, idempotent as `load` is."""
    world.power = Power()
    enrolment_calls(world, world.files)


def enrolment_calls(world, files):
    found = world.authority.enrol(printed(enrol.request, "user1", "42" * 32, files))
    folder = "/slots/enrol/"
    for i, anchor in enumerate(world.authority.anchors):
        files.write(folder + "anchor%d.der" % i, anchor)
    files.write(folder + "working.der", found["device"].der)
    files.write(folder + "birth.der", found["birth"].der)
    files.write(folder + "brokers.json", b'{"version":1,"brokers":[{"host":"broker.one","port":8883}],'
                b'"anchors_version":1,"brokers_version":1}')
    check.true(printed(enrol.accept, "/slots/enrol", files)[0].startswith("CS-ENROLLED "))


def expect_healthy(world):
    """The end of everything: one active certificate, the board's; nothing waits anywhere."""
    identity = world.active()
    record = world.authority.find(identity.fingerprint())
    check.equal(record.state, "active")
    working = [r for r in world.authority.records if r.role == "device"]
    check.equal([r.state for r in working].count("active"), 1)
    check.equal(world.authority.forked, 0)
    for topic in "user1/request", "user1/certificate", "birth~user1/certificate":
        check.equal(world.retained.get("countersign/" + topic, b""), b"")
    check.equal(identity.settings.anchors_version, world.authority.anchors_version)
    check.equal(identity.settings.brokers_version, world.authority.brokers_version)


def test_openssl_judges_the_authority_of_these_tests():
    world = enrolled()
    folder = "/tmp/countersign-authority-%d" % time.ticks_us()
    os.mkdir(folder)
    try:
        for name, data in (("root", world.authority.root_der), ("issuing", world.authority.issuing_der),
                           ("leaf", world.active().certificate())):
            with open("%s/%s.der" % (folder, name), "wb") as f:
                f.write(data)
            check.equal(os.system("openssl x509 -inform DER -in %s/%s.der -out %s/%s.pem"
                                  % (folder, name, folder, name)), 0)
        verify = "openssl verify -attime %d -CAfile root.pem -untrusted issuing.pem leaf.pem" % NOON
        check.equal(os.system("cd %s && %s" % (folder, verify)), 0)
    finally:
        os.system("rm -r " + folder)


def test_a_year_and_a_renewal():
    world = enrolled()
    first = world.active().fingerprint()
    share = messages.digest(b"user1")
    due = NOON + YEAR * (8 * 65536 + (share[0] << 8 | share[1])) // (12 * 65536)
    world.live(due - world.now - 7200, DAY)
    check.equal(world.active().fingerprint(), first)
    world.live(3 * 7200)
    check.true(world.active().fingerprint() != first, "not renewed")
    check.equal(world.authority.find(first).state, "retired")
    expect_healthy(world)
    check.equal(world.clock.floor, world.authority.records[-1].not_after - YEAR)
    for _ in range(6):
        world.live(YEAR // 2, DAY)
        expect_healthy(world)
    # birth, the first, and a new one each eight months and the board's own share of a twelfth of its life
    check.equal(len(world.authority.records), 2 + 1 + 4)


# --- the power


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


def when_due(atomic):
    world = enrolled(atomic)
    world.now += YEAR * 4 // 5
    return world


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


def change_brokers(world):
    world.authority.brokers_version = 2
    world.authority.brokers = [("broker.two", 8883), ("broker.one", 8883)]
    world.authority.command("user1")


# --- what may go wrong

def test_a_host_that_is_off_when_the_renewal_is_due():
    """For months, so that the certificate ends: the birth certificate brings the board back."""
    world = when_due(True)
    world.responder_is_up = False
    world.boot()
    world.live(YEAR, 7 * DAY)
    check.true(not world.live(), "connected with what has expired")
    request = world.retained["countersign/birth~user1/request"]
    check.equal(messages.decode(request)[1][messages.SIGNER], Slots(world.files).birth().fingerprint())
    world.responder_is_up = True
    world.authority.received("countersign/birth~user1/request", request)  # it reads what is retained
    world.live(DAY, 3600)
    check.true(world.live())
    expect_healthy(world)


def test_a_board_that_slept_past_its_certificate():
    world = enrolled()
    world.now += 10 * YEAR
    world.boot()
    world.live(3600)
    check.true(("birth~user1", "birth") in world.connects)
    expect_healthy(world)


def test_a_host_that_puts_off():
    world = when_due(True)
    world.authority.refuse = ("E-RENEWAL-WAITS", 7200)
    world.boot()
    world.live(3600)
    check.true(any("E-RENEWAL-WAITS" in line for line in world.lines), repr(world.lines))
    request = world.retained["countersign/user1/request"]
    world.authority.refuse = None
    world.live(3000)
    check.equal(world.retained["countersign/user1/request"], request)  # not asked again before its time
    world.live(1800)
    expect_healthy(world)
    check.equal(len(world.authority.records), 3)


def test_anchors_do_not_wait_for_a_renewal_that_is_put_off():
    world = when_due(True)
    world.authority.refuse = ("E-RENEWAL-WAITS", 7 * DAY)
    world.boot()
    world.live(600)
    world.authority.replace_root()
    world.authority.command("user1")
    world.live(600)
    check.equal(world.active().settings.anchors_version, 2)
    world.authority.refuse = None
    world.live(15 * DAY, 3600)
    expect_healthy(world)  # forked 0: the requests were counted on under the same key


def test_several_anchor_sets_one_after_the_other():
    world = enrolled()
    for _ in range(3):
        world.authority.replace_root()
    world.authority.command("user1")
    world.boot()
    world.live(DAY, 3600)
    expect_healthy(world)
    check.equal(world.active().settings.anchors_version, 4)
    check.equal(world.active().anchors(), world.authority.anchors)


def test_a_renewal_under_a_new_root():
    """The answer is by an issuing CA of a root the board does not know: the anchors come with it, or with a
    Command while the answer is put aside."""
    for with_certificate in (True, False):
        world = when_due(True)
        world.authority.sets_with_certificates = with_certificate
        world.authority.replace_root()
        world.authority.replace_issuing()
        world.authority.command("user1")
        world.boot()
        world.live(DAY, 60)
        expect_healthy(world)
        check.equal(world.active().anchors(), world.authority.anchors)
        check.true(world.authority.find(world.active().fingerprint()) is not world.authority.records[0])


def test_a_board_that_slept_past_a_new_root():
    world = enrolled()
    world.authority.replace_root()
    world.authority.replace_issuing()
    world.authority.command("user1")
    world.now += 3 * YEAR
    world.boot()
    world.live(DAY, 600)
    expect_healthy(world)


def test_a_new_issuing_ca_needs_nothing_from_a_board():
    world = when_due(True)
    world.authority.replace_issuing()
    world.boot()
    world.live(600)
    expect_healthy(world)
    check.equal(world.active().anchors(), world.authority.anchors)


def test_a_renewal_that_is_asked_for():
    world = enrolled()
    first = world.active().fingerprint()
    world.authority.renew = first
    world.authority.command("user1")
    world.live(60)
    check.true(world.active().fingerprint() != first)
    expect_healthy(world)
    world.live(DAY, 3600)
    check.equal(len(world.authority.records), 3)  # the Command that is still there names the old one


def test_a_clock_far_ahead_does_not_renew_without_end():
    world = enrolled()
    world.boot()
    real = world.clock.now
    world.clock.now = lambda: real() + 15 * YEAR
    world.live(3500)
    check.true(len(world.authority.records) <= 4, "%d certificates" % len(world.authority.records))


def test_a_candidate_that_is_refused_is_given_up_at_the_third_time():
    world = when_due(True)
    refused = []

    def broken(identity):
        if identity.slot == "b" and len(refused) < 3:
            refused.append(identity)
            raise BrokerRefused()

    world.broken = broken
    world.boot()
    check.true(world.live())
    check.true(len(refused) == 1 and world.active().slot == "a")
    world.boot()  # the count outlives a reset
    world.live(DAY, 600)
    check.equal(len(refused), 3)
    check.true(any("given up" in line for line in world.lines))
    expect_healthy(world)
    check.equal(len(world.authority.records), 4)  # the one that was given up, and the one that followed


def test_a_candidate_that_cannot_reach_the_broker_is_kept():
    world = enrolled()
    change_brokers(world)
    tried = []

    def broken(identity):
        if identity.slot == "b":
            tried.append(world.now)
            raise BrokerSilent()

    world.broken = broken
    world.boot()
    world.live(DAY, 60)
    check.true(5 <= len(tried) <= 14, "%d tries in a day" % len(tried))
    check.equal(world.active().brokers, [("broker.one", 8883)])
    world.broken = None
    world.live(2 * DAY, 600)
    expect_healthy(world)


def test_a_renewal_goes_before_brokers_that_do_not_answer():
    world = enrolled()
    change_brokers(world)

    def broken(identity):
        if identity.brokers[0][0] == "broker.two" and identity.certificate() == first:
            raise BrokerSilent()

    first = world.active().certificate()
    world.broken = broken
    world.boot()
    world.live(DAY, 3600)
    world.now += YEAR * 4 // 5
    world.live(DAY, 3600)
    expect_healthy(world)
    check.equal(world.active().brokers[0], ("broker.two", 8883))


def test_anchors_that_lead_nowhere_are_given_up():
    world = enrolled()
    world.authority.replace_root()
    world.authority.command("user1")

    def broken(identity):
        if identity.settings.anchors_version == 2:
            raise BrokerUntrusted()

    world.broken = broken
    world.boot()
    world.live(DAY, 600)
    check.true(world.live())
    check.equal(world.active().settings.anchors_version, 1)


def test_a_revoked_board_stays_outside():
    world = enrolled()
    for record in world.authority.records:
        record.state = "revoked"
    world.boot()
    check.true(not world.live(DAY, 600))
    check.equal(len(world.authority.records), 2)


def test_a_stolen_copy_of_the_flash_is_noticed():
    """Whoever renews second is out, comes back by the birth certificate, and so throws out the other one,
    which then asks under a number that has been used."""
    world = when_due(True)
    copy = dict(world.flash)
    for _ in range(3):
        world.boot()
        world.live(600)
        world.flash, copy = copy, world.flash
    check.true(world.authority.forked > 0)
    check.true(any("E-IDENTITY-FORKED" in line for line in world.lines))


def test_a_board_whose_slots_are_both_damaged():
    world = enrolled()
    world.flash["/slots/a/cert.der"] = b"damaged"
    world.boot()
    world.live(DAY, 3600)
    expect_healthy(world)


def test_a_request_that_nobody_answers_gets_a_new_key():
    """The authority has given up its key: what was pending for it was ended by hand."""
    world = when_due(True)
    world.broken = lambda identity: world.unreachable(identity) if identity.slot == "b" else None
    world.boot()
    world.live()
    world.authority.records[-1].state = "retired"
    del world.flash["/slots/b/identity.json"]  # cut before it was written
    world.retained.pop("countersign/user1/certificate")
    world.broken = None
    world.live(6 * DAY, 3600)
    check.equal(len(world.authority.records), 3)
    world.boot()
    world.live(2 * DAY, 3600)
    check.equal(len(world.authority.records), 4)
    expect_healthy(world)


def test_a_registry_from_a_backup_is_told_again():
    world = enrolled()
    world.authority.records[0].state = "pending"
    world.authority.acknowledged.clear()
    world.retained.pop("countersign/user1/state")
    world.authority.command("user1")
    world.boot()
    world.live(60)
    expect_healthy(world)
    told = world.retained.pop("countersign/user1/state")
    world.boot()
    world.live(DAY, 3600)
    check.true(told and "countersign/user1/state" not in world.retained)  # once is enough


# --- a hostile broker


def forged(world, **changes):
    """A Certificate for the request that waits, with parts that are not the authority's."""
    request = messages.decode(world.retained["countersign/user1/request"])[1]
    name, spki = authority.csr_of(request[messages.PKCS10])
    theirs = world.authority
    parts = {"key": messages.digest(spki), "name": name, "spki": spki, "issuer": "issuing",
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
    before = dict(world.flash)
    for fields in (
            ((messages.ANCHORS, ours.anchor_set(2, [own_root], stranger)),),
            ((messages.ANCHORS, ours.anchor_set(2, [own_root], ours.issuing)),),  # no root
            ((messages.ANCHORS, ours.anchor_set(1, [own_root], ours.root)),),  # not newer
            ((messages.ANCHORS, ours.anchor_set(2, [b"no certificate"], ours.root)),),
            ((messages.BROKERS_VERSION, 1), (messages.BROKER, b"\x22\xb3old.host")),
            ((messages.BROKERS_VERSION, 9), (messages.BROKER, b"\0\0port.less")),
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


# --- do these tests find anything?


def is_found(planted, test):
    """Whether a test fails with a bug in place: (module or class, name, what is there instead)."""
    where, name, bug = planted
    real = getattr(where, name)
    setattr(where, name, bug)
    try:
        test()
        return False
    except Exception:  # of any kind: a stranded board, a wrong count
        return True
    finally:
        setattr(where, name, real)


def test_planted_bugs_are_found():
    fill = Renewal._fill

    def flip_before_proof(self, *arguments):
        candidate = fill(self, *arguments)
        self.slots.activate(candidate.slot)
        return candidate

    class Forgetful(renewal.Counter):
        def set(self, value):
            self.value = value

    for planted, test in (
            ((Renewal, "_fill", flip_before_proof),
             test_a_candidate_that_is_refused_is_given_up_at_the_third_time),
            ((renewal, "Counter", Forgetful), test_anchors_do_not_wait_for_a_renewal_that_is_put_off),
            ((renewal, "_is_trusted", lambda issuer, anchors: True), test_forged_answers_make_no_candidate),
            ((renewal, "_is_by_root", lambda message, anchors: True), test_forged_commands_change_nothing)):
        check.true(is_found(planted, test), "nobody noticed: " + planted[1])


check.run(globals())
