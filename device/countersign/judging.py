"""Whether what the authority sends is of the authority this board trusts.

On an ESP32-C3 an answer takes 1 to 2 s, a changed set of anchors 1 s. What is good is for filling.py.
"""

from micropython import const

from .identity import Settings
from .keys import public_key
from .messages import ANCHOR, ANCHORS, ANCHORS_VERSION, BROKER, BROKERS, BROKERS_VERSION, ISSUER, LEAF
from .phases import not_taken, put_off
from .slices import in_slices
from .x509 import BACKDATED, Certificate

_RETRY = const(60)  # seconds
# From one version of the list of brokers to the next: one that is far ahead would stick for ever.
_JUMP = const(1000)


async def verify(talk, matter):
    """The phase: `matter` is the key that waits, and the fields of a Certificate for it."""
    try:
        return "fill", await in_slices(_answered(*matter, talk.current))
    except ValueError as e:
        # By a root this board does not know yet, perhaps: new anchors may come before the next answer.
        put_off(talk, _RETRY)
        not_taken(talk, e)
        return talk.home, None


async def settings(life, _):
    """The phase: what a Command brought, in life.settings."""
    fields, life.settings = life.settings, None
    try:
        found, anchors = await in_slices(_settings(fields, life.current))
    except ValueError as e:
        life.log("Anchors or brokers were not taken: %s" % e)
        return "look", None
    return "fill", (None, None, anchors, found, 0)


def _answered(key, fields, trust):
    """Work: what a candidate consists of, for filling.py. The anchors, brokers and name of the Identity
    `trust` hold. ValueError says what is wrong with the answer."""
    leaf, issuer = Certificate(fields[LEAF]), Certificate(fields[ISSUER])
    if leaf.spki != public_key(key):
        raise ValueError("the certificate is for another key")
    if not leaf.names(trust.name):
        raise ValueError("the certificate is for another name")
    found, anchors = yield from _settings(fields, trust)
    good = (yield from _is_trusted(issuer, anchors)) and (yield from leaf.is_signed_by(issuer))
    if not good:
        raise ValueError("the certificate is not from the authority this board trusts")
    return key, leaf.der, anchors, found, leaf.not_before + BACKDATED


def _settings(fields, trust):
    """Work: (Settings, anchors) after a message: the newer of what it brings and what is there."""
    old = trust.settings
    found = Settings(trust.name, old.brokers, old.anchors_version, old.brokers_version)
    anchors = trust.anchors()
    if ANCHORS in fields:
        from .messages import decode
        update = decode(fields[ANCHORS])[1]
        if update[ANCHORS_VERSION] > old.anchors_version:
            if not (yield from _is_by_root(fields[ANCHORS], anchors)):
                raise ValueError("the anchors are not signed by a root this board trusts")
            for anchor in update[ANCHOR]:
                Certificate(anchor)
            anchors = update[ANCHOR]
            found.anchors_version = update[ANCHORS_VERSION]
    try:
        yield from _take_brokers(fields, found, anchors)
    except ValueError:
        # By a CA of which later anchors tell, perhaps: they must not wait for each other.
        if found.anchors_version == old.anchors_version:
            raise
    return found, anchors


def _take_brokers(fields, found, anchors):
    """Work: into the Settings `found`, when they are newer and signed by a CA that may certify the board."""
    message = fields.get(BROKERS)
    if message:
        from .messages import decode
        fields = decode(message)[1]
    ahead = fields.get(BROKERS_VERSION, 0) - found.brokers_version
    if ahead <= 0:
        return
    if message:
        good = yield from _is_by_issuer(message, Certificate(fields[ISSUER]), anchors)
    else:
        good = not _can_be_signed(anchors)
    if not good or ahead > _JUMP:
        raise ValueError("the brokers are not signed by the authority this board trusts")
    brokers = [broker for broker in fields[BROKER] if broker[1]]
    if not brokers:
        raise ValueError("no broker has a port")
    found.brokers, found.brokers_version = brokers, fields[BROKERS_VERSION]


def _can_be_signed(anchors):
    """Messages are signed with P-256; an authority of another kind sends brokers without a signature."""
    from .der import point_of
    return any(point_of(Certificate(anchor).spki) for anchor in anchors)


def _is_by_issuer(message, issuer, anchors):
    from .der import point_of
    from .messages import is_signed_by
    point = point_of(issuer.spki)
    return point and (yield from _is_trusted(issuer, anchors)) and (yield from is_signed_by(message, point))


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
    from .der import point_of
    from .messages import is_signed_by
    for anchor in anchors:
        root = Certificate(anchor)
        point = point_of(root.spki)
        if root.is_self_signed() and point and (yield from is_signed_by(message, point)):
            return True
    return False
