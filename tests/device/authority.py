"""An authority for tests, in memory: certificates, a registry and a responder as docs/protocol.md wants them.

Written for the tests alone and as strict as the page; openssl judges its certificates in test_renewal.py.
"""

import binascii

from countersign import der, enrol
from countersign.dates import civil
from countersign.der import SEQUENCE, element
from countersign.identity import sha256
from countersign.messages import (
    ACKNOWLEDGED, ANCHOR, ANCHOR_SET, ANCHORS, ANCHORS_VERSION, BROKER, BROKER_LIST, BROKERS, BROKERS_VERSION,
    CERTIFICATE, COMMAND, ERROR, ISSUER, KEY, LEAF, NUMBER, PKCS10, REFUSAL, RENEW, REQUEST, RETRY_AFTER,
    SIGNER, STATE)
from now import keys, making, messages

DAY = 86400
YEAR = 365 * DAY
NEVER = b"99991231235959Z"
_CA = element(SEQUENCE, b"\x06\x03\x55\x1d\x13\x01\x01\xff\x04\x05\x30\x03\x01\x01\xff")


class Key:
    def __init__(self):
        self.der = making.make(b"")
        self.spki = keys.public_key(self.der)
        self.point = der.point_of(self.spki)


def name_of(common_name):
    value = element(SEQUENCE, der.COMMON_NAME, element(der.UTF8_STRING, common_name.encode()))
    return element(SEQUENCE, element(der.SET, value))


def time_of(seconds):
    if isinstance(seconds, bytes):
        return element(0x18, seconds)
    year, *rest = civil(seconds)[:6]
    digits = "%04d%02d%02d%02d%02d%02dZ" % ((year,) + tuple(rest))
    return element(0x17, digits[2:].encode()) if year < 2050 else element(0x18, digits.encode())


def certificate(serial, issuer, issuer_key, subject, spki, not_before, not_after, extensions=b""):
    """DER of a certificate that `issuer_key` (PKCS#8) signs."""
    more = element(0xA3, element(SEQUENCE, extensions)) if extensions else b""
    validity = element(SEQUENCE, time_of(not_before), time_of(not_after))
    tbs = element(
        SEQUENCE, b"\xa0\x03\x02\x01\x02", der.integer(serial.to_bytes(8, "big")), der.ECDSA_SHA256,
        name_of(issuer), validity, name_of(subject), spki, more)
    signature = der.signature(keys.sign(issuer_key, tbs))
    return element(SEQUENCE, tbs, der.ECDSA_SHA256, element(der.BIT_STRING, b"\0", signature))


def csr_of(data):
    """(name, spki) of a PKCS#10 request whose signature holds."""
    at, _ = der.enter(data, 0, SEQUENCE)
    inner, end = der.enter(data, at, SEQUENCE)
    inner = der.skip(data, inner, der.INTEGER)
    subject, inner = inner, der.skip(data, inner, SEQUENCE)
    name = str(data[subject + 13:inner], "ascii")
    assert data[subject:inner] == name_of(name)
    spki = data[inner:der.skip(data, inner, SEQUENCE)]
    begin, stop = der.enter(data, end + len(der.ECDSA_SHA256), der.BIT_STRING)
    assert keys.verify(der.point_of(spki), data[at:end], der.raw_signature(data[begin + 1:stop]))
    return name, spki


def printed(function, *arguments):
    """The lines that a function of countersign.enrol prints."""
    lines = []
    enrol.print = lines.append
    try:
        function(*arguments)
    finally:
        del enrol.print
    return lines


class Record:
    """A certificate in the registry."""

    def __init__(self, name, role, spki, data, not_after, state="pending"):
        self.name, self.role, self.spki, self.der = name, role, spki, data
        self.not_after, self.state = not_after, state
        self.fingerprint = sha256(data)
        self.requests = {}  # number: key
        self.versions = (0, 0)


class Authority:
    """`now` is a function; `publish(topic, payload)` publishes retained."""

    def __init__(self, now, publish, life=YEAR):
        self.now, self.publish, self.life = now, publish, life
        self.serial = 0
        self.records = []
        self.root, self.issuing = Key(), Key()
        self.root_name = "root"
        self.root_der = self.sign("root", self.root, "root", self.root.spki, now() - DAY, NEVER, _CA)
        self.issuing_der = self.sign("root", self.root, "issuing", self.issuing.spki, now() - DAY, NEVER, _CA)
        self.anchors = [self.root_der, self.issuing_der]
        self.anchors_version = 1
        self.anchor_sets = {}  # version: message
        self.brokers_version, self.brokers = 1, [("broker.one", 8883)]
        self.renew = None  # a fingerprint
        self.refuse = None  # (error, retry after) in place of every certificate
        self.sets_with_certificates = True
        self.forked = 0
        self.acknowledged = {}

    def sign(self, issuer, key, subject, spki, not_before, not_after, extensions=b""):
        self.serial += 1
        return certificate(self.serial, issuer, key.der, subject, spki, not_before, not_after, extensions)

    def issue(self, name, spki, role="device", state="pending"):
        not_after = NEVER if role == "birth" else self.now() + self.life
        data = self.sign("issuing", self.issuing, name, spki, self.now() - DAY, not_after)
        record = Record(name, role, spki, data, 1 << 40 if role == "birth" else not_after, state)
        self.records.append(record)
        return record

    def enrol(self, lines):
        """Records {"device": …, "birth": …} for what enrol.request() printed; the same for the same keys."""
        found = {}
        for line in lines[1:]:
            _, role, data = line.split(" ")
            name, spki = csr_of(binascii.unhexlify(data))
            role = "device" if role == "working" else role
            known = [r for r in self.records if r.spki == spki and r.role == role]
            found[role] = known[0] if known else self.issue(name, spki, role)
        return found

    def find(self, fingerprint):
        for record in self.records:
            if record.fingerprint == fingerprint:
                return record
        return None

    def admits(self, fingerprint):
        record = self.find(fingerprint)
        return record is not None and record.state in ("pending", "active") and record.not_after > self.now()

    def replace_issuing(self):
        """A new issuing CA under the root; boards are told nothing."""
        self.issuing = Key()
        self.issuing_der = self.sign(
            self.root_name, self.root, "issuing", self.issuing.spki, self.now() - DAY, NEVER, _CA)

    def replace_root(self):
        """A new root, that signs the certificates of issuing CAs from now on; the old one signs the set that
        names both."""
        old = self.root
        self.root = Key()
        self.root_name += "+"
        self.root_der = self.sign(
            self.root_name, self.root, self.root_name, self.root.spki, self.now() - DAY, NEVER, _CA)
        self.anchors = [self.root_der, self.anchors[0]]
        self.anchors_version += 1
        self.anchor_sets[self.anchors_version] = self.anchor_set(self.anchors_version, self.anchors, old)

    def anchor_set(self, version, anchors, by):
        fields = [(ANCHORS_VERSION, version)] + [(ANCHOR, anchor) for anchor in anchors]
        return messages.sign(messages.encode(ANCHOR_SET, *fields), by.der)

    # --- the responder

    def received(self, topic, payload):
        _, user, level = topic.split("/")
        if not payload:
            return
        kind, fields = messages.decode(payload)
        signer = self.find(fields[SIGNER])
        if signer is None or user != ("birth~" if signer.role == "birth" else "") + signer.name:
            return
        if signer.state == "revoked" or not messages.is_signed_by(payload, der.point_of(signer.spki)):
            return
        if level == "request" and kind == REQUEST:
            self._asked(user, signer, fields)
        elif level == "state" and kind == STATE and signer.role == "device":
            self._told(user, signer, fields, payload)

    def _asked(self, user, signer, fields):
        name, spki = csr_of(fields[PKCS10])
        key = sha256(spki)
        assert name == signer.name
        for record in self.records:
            if record.spki == spki and record.not_after > self.now():
                if record.name == name and record.role == "device" and record.state in ("pending", "active"):
                    self._answer(user, key, record)
                return
        number = fields[NUMBER]
        if signer.requests.get(number, key) != key:
            self._refuse(user, key, "E-IDENTITY-FORKED")
            self.forked += 1
            return
        if number < max(signer.requests or [0]):
            if not any(sha256(record.spki) == key for record in self.records):
                self._refuse(user, key, "E-IDENTITY-FORKED")
                self.forked += 1
            return
        signer.requests[number] = key
        if signer.state == "retired":
            self._refuse(user, key, "E-IDENTITY-FORKED")
            self.forked += 1
        elif signer.not_after <= self.now():
            self._refuse(user, key, "E-CERT-EXPIRED")
        elif self.refuse:
            self._refuse(user, key, *self.refuse)
        else:
            self._answer(user, key, self.issue(name, spki))

    def _refuse(self, user, key, error, after=3600):
        self.publish("countersign/%s/certificate" % user, messages.encode(
            REFUSAL, (KEY, key), (ERROR, error.encode()), (RETRY_AFTER, after)))

    def _answer(self, user, key, record):
        fields = [(KEY, key), (LEAF, record.der), (ISSUER, self.issuing_der)]
        known = max(r.versions[0] for r in self.records if r.name == record.name)
        if self.sets_with_certificates and known + 1 in self.anchor_sets:
            fields.append((ANCHORS, self.anchor_sets[known + 1]))
        self.publish("countersign/%s/certificate" % user, messages.encode(CERTIFICATE, *fields))

    def _told(self, user, signer, fields, payload):
        versions = fields[ANCHORS_VERSION], fields[BROKERS_VERSION]
        if signer.state not in ("pending", "active") or min(versions) < 0 or versions < signer.versions:
            return
        signer.versions = versions
        signer.state = "active"
        at = self.records.index(signer)
        for record in self.records[:at]:
            if record.name == signer.name and record.role == "device" and record.state != "revoked":
                record.state = "retired"
        for each in user, "birth~" + user:
            self.publish("countersign/%s/certificate" % each, b"")
        self.acknowledged[user] = sha256(payload)
        self.command(user, versions)

    def listed(self):
        return [(BROKERS_VERSION, self.brokers_version)] + [
            (BROKER, port.to_bytes(2, "big") + host.encode()) for host, port in self.brokers]

    def broker_list(self, by=None, issuer=None):
        fields = [(ISSUER, issuer or self.issuing_der)] + self.listed()
        return messages.sign(messages.encode(BROKER_LIST, *fields), (by or self.issuing).der)

    def command(self, user, versions=(1, 1)):
        fields = []
        following = self.anchor_sets.get(versions[0] + 1)
        if following:
            fields.append((ANCHORS, following))
        if self.brokers_version > versions[1]:
            fields += self.listed()
        if user in self.acknowledged:
            fields.append((ACKNOWLEDGED, self.acknowledged[user]))
        if self.renew:
            fields.append((RENEW, self.renew))
        if self.brokers_version > versions[1]:
            fields.append((BROKERS, self.broker_list()))
        self.publish("countersign/%s/command" % user, messages.encode(COMMAND, *fields))
