"""TLS sessions that are resumed: what they are bound to, and when they are dropped."""

import asyncio
import os
import time

import _board
import broker
import check
from broker import new_client, running
from countersign import errors
from countersign.timekeeping import set_clock
from countersign.files import Files
from countersign.resumption import Binding
from countersign.slots import Slots

HOUR = 3600
FILE = "/slots/resume"


def certificate(name="user1"):
    return broker.read("%s/%s.der" % (broker.FIXTURE, name))


class Clock:
    def __init__(self):
        self.now = int(time.time())

    def __call__(self):
        return self.now


def binding(clock, anchors=(b"anchor",), own="user1"):
    return Binding(certificate(own), anchors, clock)


def test_a_session_counts_for_the_same_address_only():
    clock = Clock()
    one = binding(clock)
    check.equal(one.find("host", 1), b"")
    one.keep("host", 1, b"session", clock.now + HOUR)
    check.equal(one.find("host", 1), b"session")
    for host, port in (("host", 2), ("other", 1), ("host1", 0)):
        check.equal(one.find(host, port), b"")


def test_and_until_the_first_certificate_ends():
    clock = Clock()
    one = binding(clock)
    one.keep("host", 1, b"session", clock.now + HOUR)
    clock.now += HOUR - 1
    check.equal(one.find("host", 1), b"session")
    clock.now += 1
    check.equal(one.find("host", 1), b"")


def test_and_for_two_hours_at_most():
    clock = Clock()
    one = binding(clock)
    one.keep("host", 1, b"session", clock.now + 1000 * HOUR)
    clock.now += 2 * HOUR - 1
    check.equal(one.find("host", 1), b"session")
    clock.now += 1
    check.equal(one.find("host", 1), b"")


def test_and_not_before_it_was_made():
    clock = Clock()
    one = binding(clock)
    one.keep("host", 1, b"session", clock.now + HOUR)
    clock.now -= 1  # a clock that has fallen back cannot tell its age
    check.equal(one.find("host", 1), b"")


def test_and_never_beyond_our_own_certificate():
    clock = Clock()
    one = binding(clock, own="old")
    one.keep("host", 1, b"session", clock.now + HOUR)
    check.equal(one.find("host", 1), b"")


def test_flash_keeps_it_for_the_same_identity_and_anchors_only():
    clock = Clock()
    files = broker.board().files
    one = binding(clock)
    one.keep_in(files)
    one.keep("host", 1, b"session", clock.now + HOUR)
    for anchors, own, wanted in (((b"anchor",), "user1", b"session"), ((b"another",), "user1", b""),
                                 ((b"anchor", b"another"), "user1", b""), ((b"anchor",), "tester", b"")):
        other = binding(clock, anchors, own)
        other.keep_in(files)
        check.equal(other.find("host", 1), wanted)


def test_a_file_cut_or_changed_anywhere_is_none():
    clock = Clock()
    files = broker.board().files
    one = binding(clock)
    one.keep_in(files)
    one.keep("host", 1, b"session", clock.now + HOUR)
    whole = files.read(FILE)
    for at in range(len(whole)):
        for damaged in (whole[:at], whole[:at] + bytes((whole[at] ^ 1,)) + whole[at + 1:]):
            files.write(FILE, damaged)
            other = binding(clock)
            other.keep_in(files)
            check.equal(other.find("host", 1), b"")


def test_forgetting_removes_the_file():
    clock = Clock()
    files = broker.board().files
    one = binding(clock)
    one.keep_in(files)
    one.keep("host", 1, b"session", clock.now + HOUR)
    one.forget()
    check.equal((one.find("host", 1), files.read(FILE)), (b"", None))


# --- with the client


def identity_in(root):
    return Slots(Files(root)).active()


class Handshakes:
    """Whether each of a client's connections was resumed."""

    def __init__(self, client):
        self.resumed = []
        connect = client._backend.connect

        def note(link, hello):
            self.resumed.append(link.tls.resumed())
            connect(link, hello)

        client._backend.connect = note


async def connect_twice(client, between=lambda: None):
    handshakes = Handshakes(client)
    async with running(client):
        between()
        leaving = asyncio.create_task(client.reconnect())
        await broker.until(lambda: len(handshakes.resumed) == 2 and client.connected, "the second connection")
        leaving.cancel()
    return handshakes.resumed


async def test_a_reconnect_resumes():
    check.equal(await connect_twice(new_client()), [False, True])


async def test_a_restarted_broker_knows_no_session():
    def restart():
        broker.command("stop")
        broker.command("start")

    check.equal(await connect_twice(new_client(), restart), [False, False])


async def test_a_clock_set_back_is_a_doubt():
    try:
        resumed = await connect_twice(new_client(), lambda: set_clock(int(time.time()) - HOUR))
        check.equal(resumed, [False, False])
    finally:
        set_clock(_board.host_time())


async def test_a_renewed_identity_makes_a_full_handshake():
    client = new_client()

    def renew():
        client._context = None  # what the client does when the lifecycle shows it another slot

    check.equal(await connect_twice(client, renew), [False, False])


async def test_a_board_that_sleeps_deeply_resumes():
    root = broker.fresh("board")
    resumed = []
    for _ in range(3):  # each a new client, as after a reset
        identity = broker.board(root=root) if not resumed else identity_in(root)
        client = new_client(identity, remember=True)
        handshakes = Handshakes(client)
        async with running(client):
            pass
        resumed += handshakes.resumed
    check.equal(resumed, [False, True, True])
    os.stat(root + FILE)


async def test_without_being_asked_to_nothing_is_written():
    identity = broker.board()
    async with running(new_client(identity)):
        pass
    check.equal(identity.files.read(FILE), None)


async def test_a_broker_that_hangs_up_on_a_resumed_session_drops_it():
    client = new_client()
    async with running(client):
        binding = client._context.binding
        check.true(binding.find("127.0.0.1", broker.GOOD))
    link = await client._backend.dial("127.0.0.1", broker.GOOD, client._context, None)
    check.true(link.tls.resumed())
    link.tls.write(b"\x10\x00")  # a CONNECT that is none
    client._backend.connect(link, ("user1", 60, False, None))
    try:
        await client._backend.connection.ended()
    except errors.CountersignError:
        pass
    client._backend.connection.stop()
    check.equal(binding.find("127.0.0.1", broker.GOOD), b"")


check.run(globals())
