"""The client against brokers that misbehave (scripted.py)."""

import asyncio
import time

import broker
import check
from countersign import errors
from countersign.client import Client
from countersign.connection import Connection
from scripted import CONNACK, CONNACK_SESSION, NoWait, Scripted, fault_of, new_client


def answer(data):
    async def script(peer):
        await peer.expect(0x10)
        await peer.say(data)
        await peer.silence()
    return script


async def test_connect_carries_name_keepalive_and_will():
    async def script(peer):
        check.equal(
            await peer.expect(0x10),
            b"\x00\x04MQTT\x04"
            b"\x2c"  # will: retained, QoS 1; session kept
            b"\x00\x3c"  # 60 s
            b"\x00\x05user1"
            b"\x00\x14devices/user1/status\x00\x07offline")
        await peer.say(CONNACK)
        check.equal(await peer.expect(0x31), b"\x00\x14devices/user1/statusonline")  # QoS 0, retained

    fault = await fault_of(script, announce=True)
    check.equal(fault.code, "E-BROKER-CLOSED")


async def test_connack_refusals():
    for code, words in ((1, "3.1.1"), (2, "client id"), (4, "user name"), (5, "not authorised")):
        fault = await fault_of(answer(bytes((0x20, 2, 0, code))))
        check.equal((fault.code, fault.permanent), ("E-BROKER-REFUSED", True))
        check.contains(str(fault), words)
    check.equal((await fault_of(answer(b"\x20\x02\x00\x03"))).permanent, False)


async def test_malformed_answers():
    for data in (b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x20\x03\x00\x00\x00", b"\x00\x00",
                 b"\x20\xff\xff\xff\xff\x01"):
        check.equal((await fault_of(answer(data))).code, "E-BROKER-PROTOCOL")


async def test_publish_before_connack_mqtt_3_2_0_1():
    check.contains(str(await fault_of(answer(b"\x30\x03\x00\x01t" + CONNACK))), "MQTT-3.2.0-1")


async def test_a_second_connack_mqtt_3_2_0_1():
    check.contains(str(await fault_of(answer(CONNACK + CONNACK))), "MQTT-3.2.0-1")


async def test_session_present_after_a_clean_start_mqtt_3_2_2_1():
    check.contains(str(await fault_of(answer(CONNACK_SESSION), clean_session=True)), "MQTT-3.2.2-1")


async def test_no_connack_within_the_deadline():
    async def script(peer):
        await peer.silence()

    fault = await fault_of(script, deadline=1)
    check.equal((fault.code, fault.permanent), ("E-BROKER-SILENT", False))


async def test_a_server_that_never_speaks_tls_does_not_stop_the_loop():
    async def script(peer):
        await peer.silence()

    ticks = 0

    async def clock():
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep_ms(10)

    ticking = asyncio.create_task(clock())
    fault = await fault_of(script, secure=False, deadline=1)
    ticking.cancel()
    check.equal(fault.code, "E-BROKER-SILENT")
    check.true(ticks > 50, "the loop stood still: %d ticks" % ticks)


async def test_closed_without_connack():
    async def script(peer):
        await peer.expect(0x10)

    check.equal((await fault_of(script)).code, "E-BROKER-REFUSED")


async def test_a_dead_line_is_noticed_by_the_missing_pingresp():
    async def script(peer):
        await peer.expect(0x10)
        await peer.say(CONNACK)
        await peer.expect(0xC0)
        await peer.silence()

    fault = await fault_of(script, keepalive=1)
    check.equal(fault.code, "E-BROKER-SILENT")
    check.contains(str(fault), "PINGRESP")


async def test_a_dead_line_is_noticed_while_publishing_at_qos_0():
    async def script(peer):
        await peer.expect(0x10)
        await peer.say(CONNACK)
        await peer.silence()

    async with Scripted(script):
        client = new_client(keepalive=1)

        async def chatter():
            await client.wait_connected()
            while await client.publish("state", "x", qos=0):
                await asyncio.sleep_ms(50)

        chat = asyncio.create_task(chatter())
        fault = None
        try:
            await client.run(retry=False)
        except errors.BrokerSilent as e:
            fault = e
        await chat
    check.contains(str(fault), "PINGRESP")


async def test_the_first_ping_counts_from_connack_mqtt_3_1_2_23():
    waited = []

    async def script(peer):
        await peer.expect(0x10)
        await asyncio.sleep_ms(300)
        await peer.say(CONNACK)
        start = time.ticks_ms()
        await peer.expect(0xC0)
        waited.append(time.ticks_diff(time.ticks_ms(), start))

    await fault_of(script, keepalive=2)
    # Mosquitto hangs up after one and a half times the keepalive.
    check.true(waited[0] < 3000, "the first PINGREQ came after %d ms" % waited[0])


async def test_an_unanswered_qos_1_message_puts_the_line_in_doubt():
    async def script(peer):
        await peer.expect(0x10)
        await peer.say(CONNACK)
        await peer.expect(0x32)
        await peer.expect(0xC0)  # long before the keepalive of a minute asks for it

    Connection.look_ms = 100
    try:
        async with Scripted(script):
            client = new_client()
            publishing = asyncio.create_task(client.publish("state", "ON"))
            try:
                await client.run(retry=False)
            except errors.ConnectionLost:
                pass
            publishing.cancel()
    finally:
        Connection.look_ms = 5000


async def test_resend_with_dup_when_the_session_is_present_mqtt_4_4_0_1():
    async def first(peer):
        await peer.expect(0x10)
        await peer.say(CONNACK)
        check.equal(await peer.expect(0x32), b"\x00\x13devices/user1/state\x00\x01ON")

    async def second(peer):
        await peer.expect(0x10)
        await peer.say(CONNACK_SESSION)
        check.equal(await peer.expect(0x3A), b"\x00\x13devices/user1/state\x00\x01ON")  # DUP
        await peer.say(b"\x40\x02\x00\x01")
        await peer.expect(0xE0)  # DISCONNECT

    async with Scripted(first, second):
        client = new_client()
        running = asyncio.create_task(client.run())
        check.equal(await asyncio.wait_for(client.publish("state", "ON"), 10), True)
        await client.close()
        await running


async def test_sent_as_new_when_the_broker_has_lost_the_session():
    async def first(peer):
        await peer.expect(0x10)
        await peer.say(CONNACK)
        await peer.expect(0x82)
        await peer.say(b"\x90\x03\x00\x01\x01")
        await peer.expect(0x32)

    async def second(peer):
        await peer.expect(0x10)
        await peer.say(CONNACK)
        await peer.expect(0x82)  # subscribes again
        await peer.expect(0x32)  # no DUP
        await peer.say(b"\x40\x02\x00\x02")
        await peer.expect(0xE0)

    async with Scripted(first, second):
        client = new_client()
        subscription = client.subscribe("cmd/#")
        running = asyncio.create_task(client.run())
        await subscription.ready()
        check.equal(await asyncio.wait_for(client.publish("state", "ON"), 10), True)
        await client.close()
        await running


async def test_refused_subscription():
    async def script(peer):
        await peer.expect(0x10)
        await peer.say(CONNACK)
        check.equal(await peer.expect(0x82), b"\x00\x01\x00\x0fdevices/other/#\x01")
        await peer.say(b"\x90\x03\x00\x01\x80")
        await peer.expect(0xE0)

    async with Scripted(script):
        client = new_client()
        subscription = client.subscribe("devices/other/#")
        running = asyncio.create_task(client.run())
        try:
            await subscription.ready()
            raise AssertionError("granted")
        except errors.SubscriptionRefused as e:
            check.contains(str(e), "devices/other/#")
        await client.close()
        await running
    check.true("The broker refused the subscription to devices/other/#" in client.lines)


async def test_qos_1_command_is_acknowledged_after_its_callback_mqtt_4_3_2_2():
    came = []

    async def script(peer):
        await peer.expect(0x10)
        await peer.say(CONNACK)
        await peer.expect(0x82)
        await peer.say(b"\x90\x03\x00\x01\x01" b"\x32\x18\x00\x11devices/user1/cmd\x12\x34led")
        check.equal(await peer.expect(0x40), b"\x12\x34")
        check.equal(came, [b"led"])

    async with Scripted(script):
        client = new_client()
        client.subscribe("cmd", lambda topic, payload: came.append(payload))
        try:
            await client.run(retry=False)
        except errors.ConnectionLost:
            pass
    check.equal(came, [b"led"])


async def test_closing_while_the_broker_is_silent():
    async def script(peer):
        await peer.silence()

    async with Scripted(script):
        client = new_client()
        running = asyncio.create_task(client.run())
        await asyncio.sleep_ms(200)
        start = time.ticks_ms()
        await client.close()
        await running
    check.true(time.ticks_diff(time.ticks_ms(), start) < 10000, "close() waited for the attempt to end")


async def test_closing_while_waiting_for_the_next_try():
    class LongWait(NoWait):
        def next_ms(self, permanent=False):
            return 300000

    nobody = ("127.0.0.1", broker.PORT + 5)
    client = Client(broker.board(), [nobody], log=lambda line: None, backoff=LongWait())
    running = asyncio.create_task(client.run())
    await broker.until(lambda: client.fault, "a fault")
    await asyncio.wait_for(client.close(), 10)
    await running


async def test_one_client_runs_once():
    client = Client(broker.board(), [("127.0.0.1", broker.PORT + 5)], log=lambda line: None, backoff=NoWait())
    running = asyncio.create_task(client.run())
    await asyncio.sleep_ms(0)
    try:
        await client.run()
        raise AssertionError("ran twice")
    except RuntimeError:
        pass
    await client.close()
    await running


check.run(globals())
