"""The messages of docs/protocol.md: its examples, and whatever is not one."""

import binascii

import check
from countersign import der
from countersign.identity import sha256
from countersign.messages import (
    ACKNOWLEDGED, ANCHOR, ANCHOR_SET, ANCHORS, ANCHORS_VERSION, BROKER, BROKER_LIST, BROKERS, BROKERS_VERSION,
    CERTIFICATE, COMMAND,
    ERROR, ISSUER, KEY, LEAF, NUMBER, PKCS10, REFUSAL, RENEW, REQUEST, RETRY_AFTER, SIGNATURE, SIGNER, STATE)
from now import keys, making, messages

PAGE = messages.__file__.replace("device/countersign/messages.py", "docs/protocol.md")
# The examples' key (RFC 6979, A.2.5), in PKCS#8 without its public half.
SECRET = binascii.unhexlify("C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721")
SIGNING = b"\x30\x41\x02\x01\x00" + der.EC_P256 + b"\x04\x27\x30\x25\x02\x01\x01\x04\x20" + SECRET
POINT = der.point_of(keys.public_key(SIGNING))
FINGERPRINT = sha256(b"the certificate of user1")


def examples():
    """{name: bytes} of the page: hex up to two blanks, then a comment."""
    found, name, lines = {}, None, None
    with open(PAGE) as page:
        for line in page:
            line = line.rstrip()
            if line.startswith("### Example: "):
                name = line[13:]
            elif line == "```hex":
                lines = []
            elif line == "```" and lines is not None:
                found[name] = binascii.unhexlify("".join(lines).replace(" ", ""))
                lines = None
            elif lines is not None:
                lines.append(line.split("  ")[0])
    return found


EXAMPLES = examples()


def test_the_request_of_the_page():
    made = messages.encode(
        REQUEST, (SIGNER, FINGERPRINT), (NUMBER, 3), (PKCS10, making.request(SIGNING, "user1")))
    check.equal(messages.sign(made, SIGNING), EXAMPLES["Request"])
    kind, fields = messages.decode(EXAMPLES["Request"])
    check.equal((kind, fields[SIGNER], fields[NUMBER]), (REQUEST, FINGERPRINT, 3))
    check.true(messages.is_signed_by(EXAMPLES["Request"], POINT))


def test_the_state_of_the_page():
    made = messages.encode(STATE, (SIGNER, FINGERPRINT), (ANCHORS_VERSION, 2), (BROKERS_VERSION, 5))
    check.equal(messages.sign(made, SIGNING), EXAMPLES["State"])


def test_the_refusal_of_the_page():
    key = sha256(keys.public_key(SIGNING))
    check.equal(messages.decode(EXAMPLES["Refusal"]),
                (REFUSAL, {KEY: key, ERROR: "E-RENEWAL-WAITS", RETRY_AFTER: 3600}))


def test_the_command_of_the_page():
    check.equal(messages.decode(EXAMPLES["Command"]), (COMMAND, {
        BROKERS_VERSION: 6, BROKER: [("192.168.1.22", 8883), ("broker.local", 8883)],
        ACKNOWLEDGED: sha256(EXAMPLES["State"]), RENEW: FINGERPRINT}))


def test_the_broker_list_of_the_page():
    brokers = [(BROKER, b"\x22\xb3192.168.1.22"), (BROKER, b"\x22\xb3broker.local")]
    made = messages.encode(BROKER_LIST, (ISSUER, b"\x30\x00"), (BROKERS_VERSION, 6), *brokers)
    check.equal(messages.sign(made, SIGNING), EXAMPLES["Broker list"])
    brokers.append((BROKERS, EXAMPLES["Broker list"]))
    command = messages.encode(COMMAND, (BROKERS_VERSION, 6), *brokers)
    kind, fields = messages.decode(command)
    check.equal((kind, fields[BROKERS]), (COMMAND, EXAMPLES["Broker list"]))
    for other in EXAMPLES["State"], EXAMPLES["Broker list"][:-1], b"":
        check.raises(ValueError, messages.decode, messages.encode(COMMAND, (BROKERS, other)))
    twice = [(BROKERS, EXAMPLES["Broker list"])] * 2
    check.raises(ValueError, messages.decode, messages.encode(COMMAND, *twice))


def test_a_certificate_with_everything():
    anchors = messages.sign(
        messages.encode(ANCHOR_SET, (ANCHORS_VERSION, 2), (ANCHOR, b"root"), (ANCHOR, b"issuing")), SIGNING)
    data = messages.encode(
        CERTIFICATE, (KEY, FINGERPRINT), (LEAF, b"leaf"), (ISSUER, b"ca"), (ANCHORS, anchors),
        (BROKERS_VERSION, 7), (BROKER, b"\x22\xb3host"))
    kind, fields = messages.decode(data)
    check.equal((kind, fields[LEAF], fields[ISSUER], fields[ANCHORS]), (CERTIFICATE, b"leaf", b"ca", anchors))
    check.equal((fields[BROKERS_VERSION], fields[BROKER]), (7, [("host", 8883)]))
    kind, fields = messages.decode(anchors)
    check.equal((kind, fields[ANCHORS_VERSION], fields[ANCHOR]), (ANCHOR_SET, 2, [b"root", b"issuing"]))


def test_signatures_cover_every_byte():
    good = EXAMPLES["State"]
    check.true(messages.is_signed_by(good, POINT))
    for at in range(0, len(good), 3):
        damaged = bytearray(good)
        damaged[at] ^= 1
        if at < len(good) - 67 or at >= len(good) - 64:  # the signature's own tag and length are not signed
            check.true(not messages.is_signed_by(bytes(damaged), POINT), "byte %d" % at)


def test_fields_from_the_future_are_skipped():
    command = b"\x01\x05"
    for extra in (b"\x80\x00\x00", b"\xef\x00\x02ab", b"\x90\x00\x01x\x90\x00\x01y"):
        check.equal(messages.decode(command + extra), (COMMAND, {}))


def test_what_is_no_message():
    pair = messages.encode(0, (BROKERS_VERSION, 1), (BROKER, b"\x22\xb3h"))[2:]
    for data in (
            b"", b"\x01", b"\x02\x05", b"\x00\x05", b"\x01\x00", b"\x01\x07", b"\x01\x08",
            b"\x01\x05\x31", b"\x01\x05\x31\x00", b"\x01\x05\x31\x00\x20" + bytes(31),  # cut short
            b"\x01\x05\x31\x00\x1f" + bytes(31), b"\x01\x05\x31\x00\x21" + bytes(33),  # a wrong length
            b"\x01\x05\x7f\x00\x00", b"\x01\x05\xf1\x00\x00",  # a foreign tag
            b"\x01\x05\x01\x00\x20" + bytes(32),
            b"\x01\x05\x31\x00\x20" + bytes(32) + b"\x30\x00\x20" + bytes(32),  # out of order
            b"\x01\x05" + (b"\x31\x00\x20" + bytes(32)) * 2,  # twice
            b"\x01\x05" + pair[:7], b"\x01\x05" + pair[7:],  # one without the other
            b"\x01\x05" + pair[:7] + pair[7:] * 9,  # too many
            b"\x01\x05" + pair[:7] + b"\x24\x00\x02\x22\xb3",
            b"\x01\x05" + pair[:7] + b"\x24\x00\x03\x22\xb3 ",
            b"\x01\x05\x22\x00\x02\x01\x05",  # an anchor set that is none
            b"\x01\x05\x80\x0f\xfb" + bytes(4091) + b"\x80\x00\x00",  # longer than 4096
            EXAMPLES["State"][:-67], EXAMPLES["State"] + b"\0", EXAMPLES["Refusal"][:37]):
        check.raises(ValueError, messages.decode, data)


def test_damaged_ones_raise_value_errors_only():
    for good in EXAMPLES.values():
        for cut in range(len(good)):
            if good[:cut] != b"\x01\x05":
                try:
                    messages.decode(good[:cut])
                    check.true(good[1] == COMMAND, "cut at %d" % cut)
                except ValueError:
                    pass
        for at in range(len(good)):
            for flip in (1, 0x20, 0x80, 0xFF):
                damaged = bytearray(good)
                damaged[at] ^= flip
                try:
                    messages.decode(bytes(damaged))
                except ValueError:
                    pass


def test_a_message_that_is_signed_has_its_signature_last():
    check.equal(EXAMPLES["State"][-67], SIGNATURE)
    check.raises(ValueError, messages.decode, EXAMPLES["State"] + b"\x80\x00\x00")


check.run(globals())
