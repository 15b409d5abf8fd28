"""What outlives a connection, without one."""

import check
from countersign import errors, mqtt
from countersign.session import Session
from countersign.subscription import GRANTED, Subscription


def packets(items):
    return [bytes(getattr(item, "packet", item)) for item in items]


def test_packet_ids_mqtt_2_3_1_2():
    session = Session(8)
    one = session.publish("t", b"1", False)
    check.equal(one.packet_id, 1)
    session._last_id = 65534
    check.equal(session.publish("t", b"2", False).packet_id, 65535)
    check.equal(session.publish("t", b"3", False).packet_id, 2)  # 0 is none and 1 is on its way


def test_packet_ids_are_shared_with_subscriptions():
    session = Session(8)
    session.subscriptions.all.append(Subscription("a", None, 1, 16))
    check.equal(session.ask(session.subscriptions.all[0])[2:4], b"\x00\x01")
    session._last_id = 0
    check.equal(session.publish("t", b"", False).packet_id, 2)


def test_the_window():
    session = Session(2)
    one = session.publish("t", b"1", False)
    check.true(not session.full())
    session.publish("t", b"2", False)
    check.true(session.full())
    session.published(one.packet_id)
    check.true(not session.full() and one.done.is_set())


def test_acknowledgements_that_fit_nothing():
    session = Session(2)
    session.publish("t", b"1", False)
    session.published(77)
    session.subscriptions.unsubscribed(77)
    check.equal(session.subscriptions.subscribed(77, b"\x01"), None)
    check.equal(len(session.deliveries), 1)


def test_resend_with_dup_in_order_mqtt_3_3_1_1_and_4_6_0_1():
    session = Session(8)
    for payload in (b"1", b"2", b"3"):
        session.publish("t", payload, False).sent = True
    session.publish("t", b"never sent", False)
    check.equal(packets(session.resume(True)), [
        b"\x3a\x06\x00\x01t\x00\x011", b"\x3a\x06\x00\x01t\x00\x022", b"\x3a\x06\x00\x01t\x00\x033",
        b"\x32\x0f\x00\x01t\x00\x04never sent"])


def test_a_broker_without_the_session_gets_new_messages():
    session = Session(8)
    session.publish("t", b"1", False).sent = True
    session.resume(True)  # sets DUP
    check.equal(packets(session.resume(False)), [b"\x32\x06\x00\x01t\x00\x011"])


def test_qos_2_is_handed_on_once_until_released_mqtt_4_3_3_2():
    session = Session(8)
    check.true(session.is_new(7))
    session.resume(True)
    check.true(not session.is_new(7))
    session.released(7)
    session.released(8)
    check.true(session.is_new(7))
    session.resume(False)
    check.true(session.is_new(7))
    for packet_id in range(100, 1123):
        session.is_new(packet_id)
    check.raises(errors.ProtocolError, session.is_new, 1123)


def test_a_message_the_broker_hangs_up_on_is_found_and_given_up():
    session = Session(8)
    for payload in (b"1", b"2", b"3"):
        session.publish("t", payload, False)
    first, second, third = session.deliveries
    check.equal(session.due(), [first, second, third])
    for _ in range(3):
        check.true(not any(delivery.done.is_set() for delivery in session.deliveries))
        session.hung_up()
        out = session.resume(True)
    check.equal(out, [first])  # alone
    check.equal(session.due(), [])
    session.published(first.packet_id)
    check.equal(session.due(), [second])
    for _ in range(2):
        session.hung_up()
        check.equal(session.resume(True), [second])
    session.hung_up()
    check.true(second.done.is_set() and session.refused(second))
    check.equal(session.resume(True), [third])
    session.published(third.packet_id)
    check.true(third.done.is_set() and not session.refused(third) and not session.refused(first))


def test_what_was_not_out_is_not_suspected():
    session = Session(8)
    one = session.publish("t", b"1", False)
    for _ in range(20):
        session.hung_up()
    check.equal(session.resume(True), [one])


def subscribed(session, topic_filter):
    subscription = Subscription(topic_filter, None, 1, 16)
    session.subscriptions.all.append(subscription)
    return subscription


def test_subscriptions_and_session_present():
    session = Session(8)
    one, two = subscribed(session, "one"), subscribed(session, "two")
    check.equal(packets(session.resume(True)), [  # nobody knows what an earlier start had subscribed
        b"\x82\x08\x00\x01\x00\x03one\x01", b"\x82\x08\x00\x02\x00\x03two\x01"])
    session.subscriptions.subscribed(1, b"\x01")
    check.equal((one.state, two.state == GRANTED), (GRANTED, False))
    check.equal(packets(session.resume(True)), [b"\x82\x08\x00\x03\x00\x03two\x01"])  # the unanswered
    session.subscriptions.subscribed(3, b"\x01")
    check.equal(session.resume(True), [])
    check.equal(len(session.resume(False)), 2)


def test_suback_that_refuses():
    session = Session(8)
    one = subscribed(session, "one")
    session.ask(one)
    check.equal(session.subscriptions.subscribed(1, b"\x80"), one)


def test_suback_for_more_than_was_asked_grants_nothing():
    session = Session(8)
    one = subscribed(session, "one")
    session.ask(one)
    check.equal(session.subscriptions.subscribed(1, b"\x01\x01"), one)


def test_giving_up_a_subscription_while_away():
    session = Session(8)
    one = subscribed(session, "one")
    session.ask(one)
    session.subscriptions.leave(one)
    check.equal(packets(session.resume(True)), [b"\xa2\x07\x00\x02\x00\x03one"])  # it may still be held
    session.subscriptions.unsubscribed(2)
    check.equal(session.subscriptions.all, [])
    two = subscribed(session, "two")
    session.subscriptions.leave(two)
    check.equal(session.resume(False), [])
    check.equal(session.subscriptions.all, [])


def test_routing():
    session = Session(8)
    came = []
    session.subscriptions.all.append(Subscription("a/#", lambda *message: came.append(message), 1, 16))
    queued = subscribed(session, "a/b")
    check.equal(session.subscriptions.route("a/b", b"1"), True)
    check.equal(session.subscriptions.route("b", b"2"), False)
    check.equal(came, [("a/b", b"1")])
    session.subscriptions.leave(queued)
    session.subscriptions.route("a/b", b"3")
    check.equal(queued._queue, [("a/b", b"1")])


def test_a_full_queue_drops_the_oldest():
    subscription = Subscription("t", None, 1, 2)
    for payload in (b"1", b"2", b"3"):
        subscription.deliver("t", payload, None)
    check.equal((subscription._queue, subscription.dropped), ([("t", b"2"), ("t", b"3")], 1))


def test_dup_is_the_bit_of_the_specification():
    check.equal(mqtt.DUP, 8)


check.run(globals())
