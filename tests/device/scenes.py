"""Where the tests of renewal begin, and how each of them must end."""

import check
from authority import printed
from countersign import enrol
from world import Power, World

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


def when_due(atomic):
    world = enrolled(atomic)
    world.now += YEAR * 4 // 5
    return world


def change_brokers(world):
    world.authority.brokers_version = 2
    world.authority.brokers = [("broker.two", 8883), ("broker.one", 8883)]
    world.authority.command("user1")


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
