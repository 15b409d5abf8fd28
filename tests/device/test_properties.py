"""The properties of MQTT 5's messages in the Python API, against Mosquitto's own clients."""

import asyncio

import broker
import check
from _countersign import MQTT
from broker import new_client, running

_PROPERTIES = {
    "expires_after": 60, "content_type": "text/plain", "response_topic": "devices/user1/answer",
    "correlation_data": b"\x01\x02", "user": [("unit", "K"), ("unit", "again")]}


async def test_properties_reach_mosquitto_sub_mqtt5_3_3_2_3():
    heard = broker.listen("-V mqttv5", "-t devices/user1/asks", "-F '%p %E %C %R %D %P'")
    async with running(new_client(version=5)) as client:
        for properties in (_PROPERTIES, {}, None):
            await client.publish("asks", "how warm", properties=properties)
        await broker.until(lambda: len(broker.heard(heard)) == 3, "the messages")
    first = broker.heard(heard)[0]
    for part in ("how warm", "text/plain", "devices/user1/answer", "\x01\x02", "unit:K unit:again"):
        check.contains(first, part)
    check.true(int(first.split()[2]) in (59, 60), first)
    check.equal([line.strip() for line in broker.heard(heard)[1:]], ["how warm"] * 2)


async def test_properties_of_mosquitto_pub_arrive_mqtt5_3_3_2_3():
    came = []
    client = new_client(version=5)
    plain = client.subscribe("asked", lambda *message: came.append(message))
    whole = client.subscribe("asked", properties=True)
    async with running(client):
        await plain.ready()
        await whole.ready()
        broker.command("pub -V mqttv5 -q 1 -t devices/user1/asked -m hello -D publish content-type text/plain"
                       " -D publish response-topic a/b -D publish correlation-data xy"
                       " -D publish message-expiry-interval 60 -D publish user-property unit K")
        topic, payload, properties = await asyncio.wait_for(whole.__anext__(), 10)
        broker.command("pub -V mqttv5 -q 1 -t devices/user1/asked -m bare")
        bare = await asyncio.wait_for(whole.__anext__(), 10)
    check.equal((topic, payload), ("devices/user1/asked", b"hello"))
    check.true(properties.pop("expires_after") in (59, 60))
    check.equal(properties, {"content_type": "text/plain", "response_topic": "a/b", "correlation_data": b"xy",
                             "user": [("unit", "K")]})
    check.equal(bare, ("devices/user1/asked", b"bare", {}))
    check.equal(came, [("devices/user1/asked", b"hello"), ("devices/user1/asked", b"bare")])


def test_what_is_no_property():
    mqtt = MQTT(2, 256, 5)
    for wrong in ({"colour": "red"}, {"expires_after": -1}, {"expires_after": 1 << 32},
                  {"content_type": 7}, {"user": [("alone",)]}, [1],
                  {"correlation_data": bytes(65536)}):
        check.raises((TypeError, ValueError), lambda: mqtt.publish("t", b"", 1, False, wrong))
    check.raises(ValueError, lambda: mqtt.publish("t", b"", 1, False, {"response_topic": "a/#"}))
    check.true(mqtt.publish("t", bytes(2000), 1, False, _PROPERTIES) > 0)  # memory grows for both


async def test_properties_need_mqtt_5():
    try:
        await new_client().publish("t", "", properties=_PROPERTIES)
    except ValueError as e:
        check.contains(str(e), "version=5")
    else:
        raise AssertionError("taken")


check.run(globals())
