"""Every way in which a real broker and a real board fail to trust each other has its own words."""

import asyncio
import os
import socket
import time

import _board
import broker
import check
from countersign import tcp
from countersign.backend import make_context
from countersign.client import Client
from countersign.clock import Clock
from countersign.errors import CountersignError, IdentityDamaged, TlsFailed
from countersign.sealed import sealed
from countersign.timekeeping import set_clock

DAY = 86400


def connect(identity=None, port=None, host="127.0.0.1", also=(), clock=None):
    """The fault of one attempt, or None. `also`: ports tried before."""
    brokers = [("127.0.0.1", other) for other in also] + [(host, port or broker.GOOD)]
    client = Client(identity or broker.board(), brokers, clock=clock, log=lambda line: None)

    async def close_when_connected():
        await client.wait_connected()
        await client.close()

    async def attempt():
        closing = asyncio.create_task(close_when_connected())
        try:
            await client.run(retry=False)
        finally:
            closing.cancel()

    try:
        asyncio.run(attempt())
    except CountersignError as e:
        return e
    return None


def fails(code, words, *arguments, **options):
    fault = connect(*arguments, **options)
    check.true(fault, "connected")
    check.equal(fault.code, code)
    check.contains(str(fault), words)
    return fault


class at:
    """with at(seconds): the board's clock stands there."""

    def __init__(self, seconds):
        self._seconds = seconds

    def __enter__(self):
        set_clock(self._seconds)

    def __exit__(self, *fault):
        set_clock(_board.host_time())


def test_all_is_well():
    check.equal(connect(), None)
    check.equal(connect(host="localhost"), None)


def test_wrong_authority():
    check.true(fails("E-BROKER-UNTRUSTED", "authority", port=broker.STRANGER).permanent)


def test_expired():
    check.true(fails("E-CERT-EXPIRED", "expired", port=broker.EXPIRED).permanent)


def test_not_yet_valid():
    check.true(fails("E-CERT-NOT-YET", "clock", port=broker.NOT_YET).permanent)


def test_wrong_name():
    check.true(fails("E-BROKER-NAME", "does not name the address", port=broker.OTHER_NAME).permanent)


def test_a_name_the_certificate_does_not_have():
    fails("E-BROKER-NAME", "does not name the address", host="127.1")  # the same address, written otherwise


def test_clock_behind():
    with at(946684800):  # the year 2000, as after power-on without a floor
        fails("E-CERT-NOT-YET", "a clock is behind")


def test_clock_ahead():
    with at(4102444800):  # 2100
        fails("E-CERT-EXPIRED", "clock")


def test_clock_sent_ahead_is_cured_at_the_floor():
    identity = broker.board()
    today = int(time.time())
    identity.files.write("/slots/floor", sealed("countersign-floor 1 %d " % today))
    with at(4102444800):
        check.equal(connect(identity), None)
        check.true(abs(time.time() - today) < 100, "the clock stays where the certificates were good")
    with at(4102444800):
        check.equal(connect(identity, also=(1,)), None)  # nobody listens at the first address


def test_after_a_fault_of_dates_ntp_is_asked_again():
    asked = []

    def ntp():
        asked.append(1)
        if len(asked) == 1:  # at the start nobody answers, as before the network is up
            raise OSError(110)
        return _board.host_time()

    async def connected():
        async with broker.running(client):
            pass

    identity = broker.board()
    clock = Clock(identity.files, ask_ntp=ntp)
    client = Client(identity, [("127.0.0.1", broker.GOOD)], clock=clock, backoff=broker.NoWait(),
                    log=lambda line: None)
    with at(1000000000):  # 2001
        check.equal(clock.ask_ntp(), False)
        asyncio.run(connected())
        check.true(abs(time.time() - _board.host_time()) < 100, "the clock is right")
    check.equal(len(asked), 2)
    asyncio.new_event_loop()


def test_expired_at_the_floor_too():
    identity = broker.board()
    identity.files.write("/slots/floor", sealed("countersign-floor 1 %d " % (int(time.time()) - DAY)))
    before = int(time.time())
    fails("E-CERT-EXPIRED", "expired", identity, broker.EXPIRED)
    check.true(abs(time.time() - before) < 100, "the clock is put back")


def test_an_expired_broker_is_not_let_in_at_the_floor_when_the_clock_is_known():
    identity = broker.board()
    now = int(time.time())
    # When the broker's certificate was good.
    identity.files.write("/slots/floor", sealed("countersign-floor 1 %d " % (now - 15 * DAY)))
    check.equal(connect(identity, broker.EXPIRED), None)  # nobody knows that the clock is right
    set_clock(now)
    clock = Clock(identity.files, ask_ntp=_board.host_time)
    check.equal(clock.ask_ntp(), True)
    fails("E-CERT-EXPIRED", "expired", identity, broker.EXPIRED, clock=clock)
    check.true(abs(time.time() - now) < 100, "the clock is left alone")


def test_board_of_another_authority():
    check.true(fails("E-BROKER-REFUSED", "countersign show", broker.board("intruder")).permanent)


def test_board_whose_own_certificate_has_expired():
    fails("E-CERT-EXPIRED", "this board's own, on 20", broker.board("old"))


def test_what_a_broker_says_counts_more_than_the_silence_of_another():
    # A board that took this for a dead network would never ask for another certificate.
    check.true(fails("E-CERT-EXPIRED", "this board's own", broker.board("old"), also=(1,)).own)
    fails("E-BROKER-UNTRUSTED", "authority", port=broker.STRANGER, also=(1,))
    check.true(fails("E-CERT-EXPIRED", "this board's own", broker.board("old"), also=(broker.STRANGER,)).own)


def test_nobody_listens():
    fault = fails("E-BROKER-UNREACHABLE", "127.0.0.1:%d" % (broker.PORT + 5), port=broker.PORT + 5)
    check.true(not fault.permanent)


def test_not_a_tls_server():
    port = broker.PORT + 6

    async def talker(reader, writer):
        writer.write(b"SSH-2.0-something\r\n")
        await writer.drain()
        await reader.read(1)
        writer.close()

    async def dial():
        listener = await asyncio.start_server(talker, "127.0.0.1", port)
        try:
            # What it says may come before or after our first bytes do.
            await Client(broker.board(), [("127.0.0.1", port)], log=lambda line: None).run(retry=False)
        finally:
            listener.close()

    check.raises(TlsFailed, asyncio.run, dial())
    asyncio.new_event_loop()


def test_either_of_two_anchors_will_do():
    check.equal(connect(broker.board("user1", ("ours", "theirs"))), None)
    check.equal(connect(broker.board("user1", ("theirs", "ours"))), None)
    check.equal(connect(broker.board("user1", ("theirs",))).code, "E-BROKER-UNTRUSTED")


def test_key_that_tls_cannot_read():
    identity = broker.board()
    identity.key = lambda: b"not a key"
    check.raises(IdentityDamaged, make_context, identity)
    check.equal(connect(identity).code, "E-IDENTITY-DAMAGED")


def test_key_of_another_certificate():
    identity = broker.board()
    identity.key = lambda: broker.read(broker.FIXTURE + "/tester.key.der")
    check.true(connect(identity).code in ("E-BROKER-REFUSED", "E-IDENTITY-DAMAGED", "E-TLS-FAILED"))


class NameServerAway:
    """The socket module after the name server has gone."""

    def __getattr__(self, name):
        return getattr(socket, name)

    def getaddrinfo(self, *arguments):
        raise OSError(-202)


def test_last_good_address_when_the_name_server_is_away():
    check.equal(connect(host="localhost"), None)
    tcp.socket = NameServerAway()
    try:
        check.equal(connect(host="localhost"), None)
        fails("E-BROKER-UNREACHABLE", "elsewhere.example", host="elsewhere.example")
    finally:
        tcp.socket = socket


def test_each_has_its_own_words():
    ports = (broker.EXPIRED, broker.NOT_YET, broker.OTHER_NAME, broker.STRANGER, broker.PORT + 5)
    words = set(str(connect(port=port)) for port in ports)
    words.add(str(connect(broker.board("intruder"))))
    words.add(str(connect(broker.board("old"))))
    check.equal(len(words), 7)
    for sentence in words:
        print("   ", sentence)


def test_a_key_is_in_none_of_the_words():
    key = broker.read(broker.FIXTURE + "/user1.key.der")
    check.true(len(key) > 100)
    identity = broker.board()
    identity.certificate = lambda: b"damaged"
    sentence = str(connect(identity))
    check.true(repr(key[20:40])[2:-1] not in sentence)
    check.equal(os.getenv("FIXTURE") in sentence, False)


check.run(globals())
