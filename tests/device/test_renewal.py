"""Renewal, anchors, brokers and birth, and what may go wrong with each. The broker is honest here."""

import os
import time

import check
from countersign import counter, filling
from countersign.errors import BrokerRefused, BrokerSilent, BrokerUntrusted
from countersign.identity import sha256
from countersign.messages import SIGNER, decode
from countersign.slots import Slots
from scenes import DAY, YEAR, change_brokers, enrolled, expect_healthy, is_found, when_due
from world import NOON


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
    share = sha256(b"user1")
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


# --- what may go wrong

def test_a_host_that_is_off_when_the_renewal_is_due():
    """For months, so that the certificate ends: the birth certificate brings the board back."""
    world = when_due(True)
    world.responder_is_up = False
    world.boot()
    world.live(YEAR, 7 * DAY)
    check.true(not world.live(), "connected with what has expired")
    request = world.retained["countersign/birth~user1/request"]
    check.equal(decode(request)[1][SIGNER], Slots(world.files).birth().fingerprint())
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


# --- do these tests find anything?


def test_planted_bugs_are_found():
    fill = Slots.fill

    def flip_before_proof(self, *arguments):
        candidate = yield from fill(self, *arguments)
        self.activate(candidate.slot)
        return candidate

    class Forgetful(counter.Counter):
        def set(self, value):
            self.value = value

    def forgetful(files, folder):
        return Forgetful(files, folder + "/number", "countersign-number")

    for planted, test in (
            ((Slots, "fill", flip_before_proof),
             test_a_candidate_that_is_refused_is_given_up_at_the_third_time),
            ((filling, "requests_of", forgetful), test_anchors_do_not_wait_for_a_renewal_that_is_put_off)):
        check.true(is_found(planted, test), "nobody noticed: " + planted[1])


check.run(globals())
