"""The packet codec against bytes made by hand from the MQTT 3.1.1 text. Tests carry the rule's number."""

import check
from countersign import mqtt
from countersign.errors import PayloadTooLarge, ProtocolError, TopicInvalid


def decode(data, limit=64):
    return list(mqtt.Decoder(limit).feed(data))


def refused(data, rule):
    check.contains(str(check.raises(ProtocolError, decode, data)), rule)


# --- what goes out


def test_connect_section_3_1():
    check.equal(
        bytes(mqtt.connect("user1", 60)),
        b"\x10\x11"  # CONNECT, 17 bytes follow
        b"\x00\x04MQTT"  # protocol name
        b"\x04"  # protocol level: 3.1.1
        b"\x00"  # flags: none
        b"\x00\x3c"  # keepalive 60 s
        b"\x00\x05user1")  # client id


def test_connect_with_will_section_3_1_2():
    check.equal(
        bytes(mqtt.connect("u", 0x1234, True, ("t", b"offline", 1, True))),
        b"\x10\x19\x00\x04MQTT\x04"
        b"\x2e"  # will retain 0x20, will QoS 1 0x08, will 0x04, clean session 0x02
        b"\x12\x34"
        b"\x00\x01u"  # client id first,
        b"\x00\x01t"  # then will topic,
        b"\x00\x07offline")  # then will message: MQTT-3.1.3-1


def test_publish_qos_0_mqtt_2_3_1_5():
    check.equal(bytes(mqtt.publish("a/b", b"ON")), b"\x30\x07\x00\x03a/bON")  # no packet id at QoS 0


def test_publish_qos_1_retained():
    check.equal(
        bytes(mqtt.publish("a/b", b"ON", 1, True, 10)),
        b"\x33"  # PUBLISH, QoS 1 (0x02), retain (0x01)
        b"\x09\x00\x03a/b\x00\x0aON")


def test_publish_empty_payload():
    check.equal(bytes(mqtt.publish("t", b"")), b"\x30\x03\x00\x01t")


def test_remaining_length_table_2_4():
    for size, digits in ((127, b"\x7f"), (128, b"\x80\x01"), (16383, b"\xff\x7f"), (16384, b"\x80\x80\x01")):
        packet = mqtt.publish("t", b"x" * (size - 3))
        check.equal(bytes(packet[1:1 + len(digits)]), digits)
        check.equal(len(packet), 1 + len(digits) + size)


def test_puback_pubrec_and_pubcomp():
    check.equal(mqtt.answer(mqtt.PUBACK, 0x0102), b"\x40\x02\x01\x02")
    check.equal(mqtt.answer(mqtt.PUBREC, 0x0102), b"\x50\x02\x01\x02")
    check.equal(mqtt.answer(mqtt.PUBCOMP, 0x0102), b"\x70\x02\x01\x02")


def test_subscribe_mqtt_3_8_1_1():
    check.equal(bytes(mqtt.subscribe(10, "a/#", 1)), b"\x82\x08\x00\x0a\x00\x03a/#\x01")  # flags 0010


def test_unsubscribe_mqtt_3_10_1_1():
    check.equal(bytes(mqtt.unsubscribe(10, "a/#")), b"\xa2\x07\x00\x0a\x00\x03a/#")


def test_ping_and_disconnect():
    check.equal(mqtt.PINGREQ_PACKET, b"\xc0\x00")
    check.equal(mqtt.DISCONNECT_PACKET, b"\xe0\x00")


def test_topic_to_publish_mqtt_3_3_2_2():
    for topic in ("", "a/+", "#", "a\0b", "x" * 65536):
        check.raises(TopicInvalid, mqtt.publish, topic, b"")
    check.equal(mqtt.check_topic("x" * 65535), "x" * 65535)


def test_topic_filter_mqtt_4_7_1():
    for good in ("#", "+", "a/#", "+/a/+", "/", "a//b", "$SYS/#"):
        check.equal(mqtt.check_filter(good), good)
    for bad in ("", "a#", "a/#/b", "#/a", "a+", "+a/b", "a/b+", "\0"):
        check.raises(TopicInvalid, mqtt.check_filter, bad)


def test_what_a_broker_may_hang_up_on_is_not_sent_section_1_5_3():
    for bad in ("a\n", "a\tb", "a\x01", "a\x7f", "a\x80", "a\x85", "a\x9f", "\ud800", "\ufdd0", "\ufdef",
                "\ufffe", "\uffff", "\U0001fffe", "\U0010ffff", "a" + "/a" * 200):
        check.raises(TopicInvalid, mqtt.check_topic, bad)
        check.raises(TopicInvalid, mqtt.check_filter, bad)
    for good in (" ~", "\xa0", "\ufdcf", "\ufdf0", "\ufffd", "\ufeff", "\U0001f600", "a" + "/a" * 199):
        check.equal(mqtt.check_topic(good), good)
        check.equal(mqtt.check_filter(good), good)


def test_matches_section_4_7():
    for topic_filter, topic, wanted in (
        ("sport/tennis/player1/#", "sport/tennis/player1", True),
        ("sport/tennis/player1/#", "sport/tennis/player1/ranking", True),
        ("sport/tennis/player1/#", "sport/tennis/player10", False),
        ("sport/tennis/+", "sport/tennis/player1", True),
        ("sport/tennis/+", "sport/tennis/player1/ranking", False),
        ("sport/+", "sport", False),
        ("sport/+", "sport/", True),
        ("+/+", "/finance", True),
        ("/+", "/finance", True),
        ("+", "/finance", False),
        ("a/b", "a/b", True),
        ("a/b", "A/b", False),  # 4.7.3: topics are case sensitive
        ("#", "$SYS/x", False),  # MQTT-4.7.2-1
        ("+/x", "$SYS/x", False),
        ("$SYS/#", "$SYS/x", True),
    ):
        check.equal((topic_filter, topic, mqtt.matches(topic_filter, topic)), (topic_filter, topic, wanted))


# --- what comes in


def test_connack():
    check.equal(decode(b"\x20\x02\x00\x00"), [(mqtt.CONNACK, False, 0)])
    check.equal(decode(b"\x20\x02\x01\x00"), [(mqtt.CONNACK, True, 0)])
    check.equal(decode(b"\x20\x02\x00\x05"), [(mqtt.CONNACK, False, 5)])


def test_connack_malformed():
    refused(b"\x20\x02\x02\x00", "3.2.2")
    refused(b"\x20\x02\x00\x06", "3.2.2")
    refused(b"\x20\x02\x01\x05", "MQTT-3.2.2-4")
    refused(b"\x20\x03\x00\x00\x00", "3 bytes")
    refused(b"\x21\x02\x00\x00", "MQTT-2.2.2-2")


def test_publish_in():
    check.equal(
        decode(b"\x30\x07\x00\x03a/bON"), [(mqtt.PUBLISH, "a/b", b"ON", 0, False, False, 0, 2)])
    check.equal(
        decode(b"\x3b\x09\x00\x03a/b\x00\x0aON"),  # DUP, QoS 1, retain
        [(mqtt.PUBLISH, "a/b", b"ON", 1, True, True, 10, 2)])
    check.equal(decode(b"\x30\x03\x00\x01t"), [(mqtt.PUBLISH, "t", b"", 0, False, False, 0, 0)])


def test_publish_both_qos_bits_mqtt_3_3_1_4():
    refused(b"\x36\x05\x00\x01t\x00\x01", "MQTT-3.3.1-4")


def test_publish_at_qos_2_for_which_other_firmware_has_asked():
    check.equal(decode(b"\x34\x05\x00\x01t\x00\x01"), [(mqtt.PUBLISH, "t", b"", 2, False, False, 1, 0)])


def test_pubrel_and_its_flags_mqtt_3_6_1_1():
    check.equal(decode(b"\x62\x02\x00\x07"), [(mqtt.PUBREL, 7)])
    refused(b"\x60\x02\x00\x07", "MQTT-2.2.2-2")
    refused(b"\x72\x02\x00\x07", "packet 7, 2 bytes")


def test_publish_dup_at_qos_0_mqtt_3_3_1_2():
    refused(b"\x38\x03\x00\x01t", "MQTT-3.3.1-2")


def test_publish_packet_id_0_mqtt_2_3_1_1():
    refused(b"\x32\x05\x00\x01t\x00\x00", "MQTT-2.3.1-1")


def test_publish_topic_mqtt_3_3_2_2():
    refused(b"\x30\x03\x00\x01#", "MQTT-3.3.2-2")
    refused(b"\x30\x03\x00\x01+", "MQTT-3.3.2-2")
    refused(b"\x30\x03\x00\x00x", "MQTT-3.3.2-2")  # no topic at all


def test_publish_shorter_than_its_topic():
    refused(b"\x30\x03\x00\x02t", "3.3.2")
    refused(b"\x32\x04\x00\x01t\x00", "3.3.2")  # half a packet id
    refused(b"\x30\x02\x00\x00", "3.3.2")


def test_topic_utf8_mqtt_1_5_3_1():
    for good in ("é", "€", "\U0001F600", "\uFFFF"):
        data = good.encode()
        body = bytes((0, len(data))) + data
        check.equal(decode(bytes((0x30, len(body))) + body)[0][1], good)
    for bad in (
        b"\x80",  # continuation without a beginning
        b"\xc3",  # beginning without a continuation
        b"\xc3\x28",
        b"\xc0\xaf",  # '/' in two bytes
        b"\xe0\x80\xaf",  # '/' in three bytes
        b"\xed\xa0\x80",  # surrogate U+D800
        b"\xed\xbf\xbf",  # surrogate U+DFFF
        b"\xf4\x90\x80\x80",  # U+110000
        b"\xf8\x88\x80\x80\x80",
        b"\xff",
    ):
        refused(bytes((0x30, len(bad) + 2, 0, len(bad))) + bad, "MQTT-1.5.3-1")


def test_topic_with_null_mqtt_1_5_3_2():
    refused(b"\x30\x05\x00\x03a\x00b", "MQTT-1.5.3-2")
    refused(b"\x30\x04\x00\x02\xc0\x80", "MQTT-1.5.3-1")  # U+0000 in its long form


def test_acknowledgements():
    check.equal(decode(b"\x40\x02\x00\x0a"), [(mqtt.PUBACK, 10)])
    check.equal(decode(b"\xb0\x02\x00\x0a"), [(mqtt.UNSUBACK, 10)])
    check.equal(decode(b"\x90\x03\x00\x0a\x01"), [(mqtt.SUBACK, 10, b"\x01")])
    check.equal(decode(b"\x90\x03\x00\x0a\x80"), [(mqtt.SUBACK, 10, b"\x80")])
    check.equal(decode(b"\xd0\x00"), [(mqtt.PINGRESP,)])


def test_acknowledgements_malformed():
    refused(b"\x40\x02\x00\x00", "MQTT-2.3.1-1")
    refused(b"\x40\x03\x00\x0a\x00", "3 bytes")
    refused(b"\x42\x02\x00\x0a", "MQTT-2.2.2-2")
    refused(b"\x90\x02\x00\x0a", "2 bytes")
    refused(b"\x90\x03\x00\x0a\x03", "MQTT-3.9.3-2")
    refused(b"\xd0\x01\x00", "1 bytes")


def test_packets_a_broker_never_sends():
    for kind in (0, 1, 5, 7, 8, 10, 12, 14, 15):
        refused(bytes((kind << 4, 2, 0, 1)), "packet %d," % kind)


def test_remaining_length_of_five_bytes_2_2_3():
    refused(b"\x30\x80\x80\x80\x80\x01", "2.2.3")


def test_any_split_gives_the_same_packets():
    stream = (
        b"\x20\x02\x00\x00"  # CONNACK
        b"\x30\x07\x00\x03a/bON"  # PUBLISH
        b"\xd0\x00"  # PINGRESP
        b"\x32\x85\x00\x00\x01t\x00\x07"  # PUBLISH at QoS 1; its length in two bytes
        b"\x40\x02\x00\x01")  # PUBACK
    whole = decode(stream)
    check.equal(len(whole), 5)
    for size in range(1, len(stream)):
        decoder = mqtt.Decoder(64)
        got = []
        for at in range(0, len(stream), size):
            got += list(decoder.feed(stream[at:at + size]))
        check.equal(got, whole)


def test_oversize_publish_is_skipped_and_reported():
    body = b"\x00\x01t\x00\x07" + b"x" * 1000
    stream = b"\x32" + bytes((0x80 | len(body) & 0x7F, len(body) >> 7)) + body + b"\xd0\x00"
    wanted = [(mqtt.PUBLISH, "t", None, 1, False, False, 7, 1000), (mqtt.PINGRESP,)]
    check.equal(decode(stream), wanted)
    decoder = mqtt.Decoder(64)
    check.equal([p for i in range(len(stream)) for p in decoder.feed(stream[i:i + 1])], wanted)


def test_largest_publish_that_fits():
    body = b"\x00\x01t" + b"x" * 61
    check.equal(decode(b"\x30" + bytes((len(body),)) + body)[0][2], b"x" * 61)


def test_topic_longer_than_the_limit():
    body = b"\x00\x64" + b"t" * 100
    check.contains(str(check.raises(ProtocolError, decode, b"\x30" + bytes((len(body),)) + body)), "too long")


def test_endless_packet_costs_no_memory():
    decoder = mqtt.Decoder(64)
    got = list(decoder.feed(b"\x30\xff\xff\xff\x7f\x00\x01t"))  # announces 256 MiB
    for _ in range(1000):
        got += list(decoder.feed(b"x" * 512))
    check.equal(got, [])
    check.equal(len(decoder._body), 64)


def test_packet_too_large_to_send():
    class Huge:  # as a payload of 256 MiB would be, without having one
        def __len__(self):
            return 268435456

    check.raises(PayloadTooLarge, mqtt._packet, 0x30, Huge())


def test_random_bytes_raise_nothing_but_protocol_errors():
    seed = 20240601
    for _ in range(3000):
        data = bytearray()
        seed = (seed * 1103515245 + 12345) & 0x7FFFFFFF
        likely = (0x20, 0x30, 0x32, 0x40, 0x90, 0xB0, 0xD0, 0x3A)[seed >> 8 & 7]
        data.append(seed >> 8 & 0xFF if seed & 0x10000 else likely)
        for _ in range(seed >> 16 & 31):
            seed = (seed * 1103515245 + 12345) & 0x7FFFFFFF
            data.append(seed >> 16 & (0xFF if seed & 0x100 else 7))
        try:
            decode(data)
        except ProtocolError:
            pass


check.run(globals())
