"""What has been found good goes into the free slot: a candidate."""

from .counter import requests_of
from .phases import ask_again, clear_request
from .rest import end as end_of_rest
from .slices import in_slices
from .slots import Slots


async def fill(talk, matter):
    """The phase: `matter` is (key, certificate, anchors, Settings, time it proves) of judging.py; without a
    key it is the identity in use that gets other anchors and brokers."""
    key, certificate, anchors, settings, proven = matter
    slots = Slots(talk.files)
    settings.after = slots.seal()
    if key:
        talk.clock.raise_floor(proven)
    else:
        key, certificate = _of_the_same(talk, slots, settings)
        if not key:
            return talk.home, None
    end_of_rest(talk.files)
    await in_slices(slots.fill(slots.free_folder(), _contents(key, certificate, anchors), settings))
    if proven:
        talk.done = True
        ask_again(talk)
        clear_request(talk)
    return talk.home, None


def _of_the_same(talk, slots, settings):
    """The key and certificate of the active identity; None, None when what is there has these settings."""
    active = talk.current
    versions = settings.anchors_version, settings.brokers_version
    for there in active, slots.candidate():
        if there and versions == (there.settings.anchors_version, there.settings.brokers_version):
            return None, None
    key, certificate = active.key(), active.certificate()
    # The signer stays the same, so its requests are counted on.
    requests_of(talk.files, slots.clear_free()).set(requests_of(talk.files, active.folder).value)
    return key, certificate


def _contents(key, certificate, anchors):
    contents = {"key.der": key, "cert.der": certificate}
    for i, anchor in enumerate(anchors):
        contents["anchor%d.der" % i] = anchor
    return contents
