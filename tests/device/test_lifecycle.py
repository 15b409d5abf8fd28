"""Enrolment, renewal and the birth certificate by the real client over a real Mosquitto. Certificates live
for seconds. The authority answers as another client of the same broker, from the same event loop."""

import asyncio
import json
import os
import time

import broker
import check
from authority import Authority, printed
from broker import NoWait, new_client, running
from countersign import board as boards
from countersign import enrol, keys, once
from countersign.client import Client
from countersign.clock import Clock
from countersign.files import Files
from countersign.lifecycle import Lifecycle
from countersign.slots import Slots, any_identity


class Key:
    """The key of the fixture's own CA."""

    def __init__(self):
        path = broker.fresh("ca")
        check.equal(os.system("openssl pkcs8 -topk8 -nocrypt -in %s/ours.key -outform DER -out %s"
                              % (broker.FIXTURE, path)), 0)
        self.der = broker.read(path)
        self.spki = keys.public_key(self.der)


class FixtureAuthority(Authority):
    """Issues under the CA the broker trusts, which is root and issuing CA in one."""

    def __init__(self, publish, life):
        super().__init__(time.time, publish, life)
        self.issuing = Key()
        self.issuing_der = broker.read(broker.FIXTURE + "/ours.der")
        self.anchors = [self.issuing_der]

    def issue(self, name, spki, role="device", state="pending"):
        return self.issue_until(name, spki, role, self.now() + self.life)

    def issue_until(self, name, spki, role, end):
        self.life, life = end - self.now(), self.life
        try:
            return super().issue(name, spki, role)
        finally:
            self.life = life

    def sign(self, issuer, *rest):
        return super().sign("ours" if issuer == "issuing" else issuer, *rest)


class Responder:
    """async with Responder(life) as it: the authority at work."""

    def __init__(self, life):
        self.client = new_client(tester())
        self.authority = FixtureAuthority(self._publish, life)
        self._running = running(self.client)
        self.seen = []
        for level in "request", "state":
            self.client.subscribe("countersign/+/" + level, self._received)

    def _received(self, topic, payload):
        self.seen.append((topic, payload))
        self.authority.received(topic, payload)

    def _publish(self, topic, payload):
        asyncio.create_task(self.client.publish(topic, payload, 1, True))

    async def __aenter__(self):
        await self._running.__aenter__()
        return self

    async def __aexit__(self, *fault):
        for user in "user1", "birth~user1":  # nothing retained for the next test
            for level in "request", "certificate", "state", "command":
                await self.client.publish("countersign/%s/%s" % (user, level), b"", 1, True)
        await self._running.__aexit__(*fault)


def tester():
    identity = broker.board("tester")
    identity.name = identity.user = "tester"
    return identity


def enrolled(authority):
    """The Files of a board that has been enrolled."""
    files = Files(broker.fresh("board"))
    os.mkdir(files._root)
    found = authority.enrol(printed(enrol.request, "user1", "42" * 32, files))
    files.make_folder("/slots/enrol")
    files.write("/slots/enrol/working.der", found["device"].der)
    files.write("/slots/enrol/birth.der", found["birth"].der)
    files.write("/slots/enrol/anchor0.der", authority.anchors[0])
    files.write("/slots/enrol/brokers.json", json.dumps({
        "version": 1, "anchors_version": 1, "brokers_version": 1,
        "brokers": [{"host": "127.0.0.1", "port": broker.GOOD}]}).encode())
    check.equal(printed(enrol.accept, "/slots/enrol", files), ["CS-ENROLLED a"])
    check.equal(os.listdir(files._root + "/slots/enrol") + os.listdir(files._root + "/slots/new"), [])
    return files


def board(files):
    lines = []
    clock = Clock(files)
    lifecycle = Lifecycle(files, clock, log=lines.append)
    identity = any_identity(Slots(files))
    client = Client(identity, clock=clock, lifecycle=lifecycle, log=lines.append, backoff=NoWait())
    client.lines = lines
    return client


async def test_many_renewals_while_messages_flow_both_ways_and_none_is_lost():
    async with Responder(life=5) as responder:
        client = board(enrolled(responder.authority))
        sent, came = [], []
        client.subscribe("cmd/#", lambda topic, payload: came.append(int(payload)))
        heard = []
        responder.client.subscribe("devices/user1/count", lambda topic, payload: heard.append(int(payload)))

        async def talk():
            while len(responder.authority.records) < 7:
                number = len(sent)
                sent.append(number)
                await asyncio.gather(client.publish("count", str(number)),
                                     responder.client.publish("devices/user1/cmd/count", str(number)))
                await asyncio.sleep_ms(20)

        async with running(client):
            await asyncio.wait_for(talk(), 60)
            await broker.until(lambda: len(set(came)) == len(sent), "every command")
            await broker.until(lambda: len(set(heard)) == len(sent), "every message")
        check.true(len(sent) > 100, "only %d messages" % len(sent))
        print("        %d messages each way over %d renewals; %d and %d came twice" % (
            len(sent), len(responder.authority.records) - 2, len(came) - len(sent), len(heard) - len(sent)))
        check.equal(sorted(set(came)), sent)
        check.equal(sorted(set(heard)), sent)
        states = [r.state for r in responder.authority.records if r.role == "device"]
        check.equal(states[:-1].count("retired"), len(states) - 2 + (states[-1] == "active"))
        check.true(any("new identity is in use" in line for line in client.lines))


async def test_the_birth_certificate_brings_a_late_board_back():
    async with Responder(life=3600) as responder:
        authority = responder.authority
        authority.life = 1
        files = enrolled(authority)
        authority.life = 3600
        await asyncio.sleep_ms(2100)  # its own seconds: nothing tells when the broker's clock is there
        client = board(files)
        async with running(client):
            await broker.until(lambda: authority.records[-1].state == "active", "the new certificate")
        check.true(any(topic == "countersign/birth~user1/request" for topic, _ in responder.seen))
        check.equal(len(authority.records), 3)
        check.true(any("birth certificate" in line for line in client.lines))


async def test_nothing_but_the_birth_certificate_is_left():
    async with Responder(life=3600) as responder:
        files = enrolled(responder.authority)
        files.remove("/slots/a/key.der")
        client = board(files)
        async with running(client):
            check.equal(await client.publish("state", "ON"), True)
            await broker.until(
                lambda: responder.authority.records[-1].state == "active", "the new certificate")


async def test_a_board_that_only_wakes_to_deliver_renews_too():
    async with Responder(life=8) as responder:
        files = enrolled(responder.authority)
        address = b'server_ip="127.0.0.1"\nserver_port="%d"\n' % broker.GOOD
        files.write("/wifi.conf", b'wifi_ssid="home"\nwifi_psw="secret12"\n' + address)
        heard = []
        responder.client.subscribe("devices/user1/temperature", lambda topic, payload: heard.append(payload))
        boards.ROOT, root = files._root, boards.ROOT
        try:
            wakes = 0
            records = responder.authority.records
            while records[-1].state != "active" or len(records) < 5:
                wakes += 1
                check.true(wakes < 60, "no renewal")
                await once.publish("temperature", str(wakes), 1, False, 20, lambda line: None)
                await asyncio.sleep_ms(500)  # asleep
        finally:
            boards.ROOT = root
        await broker.until(lambda: len(set(heard)) == wakes, "every message")


async def test_a_renewal_on_command():
    async with Responder(life=3600) as responder:
        files = enrolled(responder.authority)
        client = board(files)
        async with running(client):
            await broker.until(lambda: responder.authority.records[0].state == "active", "the first state")
            responder.authority.renew = responder.authority.records[0].fingerprint
            responder.authority.command("user1")
            await broker.until(lambda: len(responder.authority.records) == 3
                               and responder.authority.records[2].state == "active", "the renewal")
            await client.wait_connected()
            check.equal(await client.publish("state", "ON"), True)
        check.equal(responder.authority.records[0].state, "retired")
        check.true(files.read("/slots/b/request") is None)


check.run(globals())
