"""The next identity of a board, step by step in flash: the request, the answer, the flip. No network here.

The free slot goes through: empty, key.der, request (asked), the certificate and the rest (a candidate:
Slots.candidate()), active. A power cut at any file operation leaves one of these, and the same calls go on
from there. What takes long is work in slices (slices.py); on an ESP32-C3 a request 0.9 s, an answer 1 to 2 s,
a changed set of anchors 1 s, a State 0.3 s.
"""

import binascii

from micropython import const

from . import keys, messages
from .counter import Counter
from .der import point_of
from .identity import Settings
from .messages import ANCHOR, ANCHORS, ANCHORS_VERSION, BROKER, BROKERS_VERSION, ISSUER, KEY, LEAF
from .sealed import sealed, unsealed
from .slots import Slots
from .x509 import Certificate

BACKDATED = const(86400)  # a certificate's notBefore lies this long before it was signed
_REFUSALS = const(3)  # of a candidate, before it is given up
# A request nobody has answered for so long gets a new key: its own may be one the authority has given up.
_STALE = const(604800)
_ACKNOWLEDGED = "/slots/acknowledged"
_STATE = "countersign-state"


class Renewal:
    def __init__(self, files, clock):
        self.slots = Slots(files)
        self._files = files
        self._clock = clock

    # --- when

    def due_at(self, identity):
        """Two thirds into its life, and a share of a twelfth of it that the name decides; since 1970."""
        certificate = Certificate(identity.certificate())
        issued = certificate.not_before + BACKDATED
        life = certificate.not_after - issued
        share = messages.digest(identity.name.encode())
        return issued + life * (8 * 65536 + (share[0] << 8 | share[1])) // (12 * 65536)

    # --- asking

    def pending(self):
        """(key, request) that wait for an answer in the free slot, or None."""
        folder = self._folder()
        data = self._files.read(folder + "/request")
        key = self._files.read(folder + "/key.der")
        if not data or not key or len(data) <= 40 or messages.digest(data[:-32]) != data[-32:]:
            return None
        # A clock that has fallen back makes nothing stale.
        age = self._clock.now() - int.from_bytes(data[:8], "big")
        if age >= _STALE or self.slots.is_whole(self.slots.free()):
            return None
        try:
            return (key, data[8:-32]) if keys.public_key(key) in data else None
        except ValueError:
            return None

    def request(self, signer):
        """Work: the Request to publish under an Identity: the one in flash, or a new one. What was in the
        free slot is given up for a new one."""
        pending = self.pending()
        fingerprint = signer.fingerprint()
        if pending:
            key, message = pending
            if messages.decode(message)[1][messages.SIGNER] == fingerprint:
                return message
            folder = self._folder()
        else:
            folder = self.slots.clear_free()
            key = yield from keys.make(signer.key())
            self._files.write(folder + "/key.der", key)
            yield
        used = self._requests(signer.folder)
        used.set(used.value + 1)
        yield
        pkcs10 = yield from keys.request(key, signer.name)
        message = yield from messages.sign(messages.encode(
            messages.REQUEST, (messages.SIGNER, fingerprint), (messages.NUMBER, used.value),
            (messages.PKCS10, pkcs10)), signer.key())
        data = self._clock.now().to_bytes(8, "big") + message
        self._files.write(folder + "/request", data + messages.digest(data))
        return message

    def is_answer(self, fields):
        """Whether a Certificate or Refusal is about the key that waits."""
        pending = self.pending()
        return pending is not None and fields[KEY] == messages.digest(keys.public_key(pending[0]))

    # --- candidates

    def answered(self, fields, trust):
        """Work: makes the free slot a candidate out of a decoded Certificate, for which is_answer() is true.
        The anchors, brokers and name of the Identity `trust` hold. ValueError says what is wrong with the
        answer.
        """
        key = self.pending()[0]
        leaf, issuer = Certificate(fields[LEAF]), Certificate(fields[ISSUER])
        if leaf.spki != keys.public_key(key):
            raise ValueError("the certificate is for another key")
        if not leaf.names(trust.name):
            raise ValueError("the certificate is for another name")
        settings, anchors = yield from self._settings(fields, trust)
        good = (yield from _is_trusted(issuer, anchors)) and (yield from leaf.is_signed_by(issuer))
        if not good:
            raise ValueError("the certificate is not from the authority this board trusts")
        self._clock.raise_floor(leaf.not_before + BACKDATED)
        yield
        return (yield from self._fill(key, leaf.der, anchors, settings))

    def changed(self, fields, active):
        """Work: makes the free slot a candidate out of the anchors and brokers in a decoded Command, if they
        are newer than those of the active Identity and of the candidate that is there. Whether it did."""
        settings, anchors = yield from self._settings(fields, active)
        versions = settings.anchors_version, settings.brokers_version
        for there in active, self.slots.candidate():
            if there and versions == (there.settings.anchors_version, there.settings.brokers_version):
                return False
        key, certificate = active.key(), active.certificate()
        # The signer stays the same, so its requests are counted on.
        self._requests(self.slots.clear_free()).set(self._requests(active.folder).value)
        yield
        yield from self._fill(key, certificate, anchors, settings)
        return True

    def flip(self, candidate):
        """The candidate has connected: it is the active identity from here on."""
        self.slots.activate(candidate.slot)
        self._files.remove(candidate.folder + "/request")

    def refused(self):
        """The candidate has been refused; the third time it is given up. Whether it is still there."""
        count = Counter(self._files, self._folder() + "/refused", "countersign-refused")
        if count.value + 1 < _REFUSALS:
            count.set(count.value + 1)
            return True
        self.slots.clear_free()
        return False

    # --- what the authority has been told

    def state(self, identity):
        """Work: the State of an active Identity."""
        return (yield from messages.sign(self._unsigned_state(identity), identity.key()))

    def acknowledged(self, identity):
        """Half of the digest of this Identity's State, in hex, when that has been acknowledged; kept so that
        nothing needs to be signed to know it."""
        words = unsealed(self._files.read(_ACKNOWLEDGED), _STATE)
        unsigned = _hex(messages.digest(self._unsigned_state(identity)))
        return words[1] if words and len(words) == 2 and words[0] == unsigned[:16] else None

    def acknowledge(self, identity, digest):
        """The authority has dealt with the State of this Identity that has this digest."""
        unsigned = _hex(messages.digest(self._unsigned_state(identity)))
        line = sealed("%s 1 %s %s " % (_STATE, unsigned[:16], _hex(digest)[:32]))
        self._files.write(_ACKNOWLEDGED, line)

    def _unsigned_state(self, identity):
        settings = identity.settings
        return messages.encode(
            messages.STATE, (messages.SIGNER, identity.fingerprint()),
            (ANCHORS_VERSION, settings.anchors_version), (BROKERS_VERSION, settings.brokers_version))

    # --- the slots

    def _requests(self, folder):
        """How many Requests the key in a slot has signed."""
        return Counter(self._files, folder + "/number", "countersign-number")

    def _folder(self):
        return "/slots/" + self.slots.free()

    def _fill(self, key, certificate, anchors, settings):
        contents = {"key.der": key, "cert.der": certificate}
        for i, anchor in enumerate(anchors):
            contents["anchor%d.der" % i] = anchor
        return (yield from self.slots.fill(self._folder(), contents, settings))

    def _settings(self, fields, trust):
        """Work: (Settings, anchors) after a message: the newer of what it brings and what is there."""
        old = trust.settings
        settings = Settings(
            trust.name, old.brokers, old.anchors_version, old.brokers_version, self.slots.seal())
        if fields.get(BROKERS_VERSION, 0) > old.brokers_version:
            settings.brokers = [broker for broker in fields[BROKER] if broker[1]]
            settings.brokers_version = fields[BROKERS_VERSION]
            if not settings.brokers:
                raise ValueError("no broker has a port")
        anchors = trust.anchors()
        if ANCHORS in fields:
            kind, update = messages.decode(fields[ANCHORS])
            if update[ANCHORS_VERSION] > old.anchors_version:
                if not (yield from _is_by_root(fields[ANCHORS], anchors)):
                    raise ValueError("the anchors are not signed by a root this board trusts")
                for anchor in update[ANCHOR]:
                    Certificate(anchor)
                anchors = update[ANCHOR]
                settings.anchors_version = update[ANCHORS_VERSION]
        return settings, anchors


def _is_trusted(issuer, anchors):
    """Work: an anchor, or signed by one that is self-signed: a root signs nothing but the certificates of
    CAs, while an issuing CA among the anchors signs devices, which must not issue."""
    if issuer.der in anchors:
        return True
    for anchor in anchors:
        root = Certificate(anchor)
        if root.is_self_signed() and (yield from issuer.is_signed_by(root)):
            return True
    return False


def _is_by_root(message, anchors):
    for anchor in anchors:
        root = Certificate(anchor)
        point = point_of(root.spki)
        if root.is_self_signed() and point and (yield from messages.is_signed_by(message, point)):
            return True
    return False


def _hex(data):
    return str(binascii.hexlify(data), "ascii")
