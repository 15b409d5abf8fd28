"""Asking the authority for a certificate, and taking its answer. `talk` is a lifecycle.Conversation."""

from micropython import const

from .keys import public_key
from .messages import CERTIFICATE, ERROR, KEY, REFUSAL, RETRY_AFTER, decode, digest
from .slices import in_slices

_MIN_RETRY = const(60)  # seconds, docs/protocol.md, Renewal 4
_MAX_RETRY = const(604800)


async def ask(talk, renewal, signer):
    """Publishes the Request, once for each connection and again when a Refusal's time is over. The seconds
    until it is worth calling again."""
    if talk.ask_at is None:
        return _MAX_RETRY
    ahead = talk.ask_at - talk.uptime()
    if ahead > 0:
        return ahead
    talk.ask_at = None
    talk.put_off = False
    request = await in_slices(renewal.request(signer))
    talk.outbox.append(("request", request))
    return _MAX_RETRY


def put_off_no_longer(talk):
    talk.put_off = False
    talk.ask_at = 0


def _put_off_for(talk, seconds):
    talk.put_off = True
    talk.ask_at = talk.uptime() + seconds


async def take_certificate(talk, renewal, data, identity):
    """A message to …/certificate. Whether it has made a candidate, which clears the Request."""
    kind, fields = decode(data)
    if kind not in (CERTIFICATE, REFUSAL):
        raise ValueError("not an answer to a request")
    if not renewal.is_answer(fields):
        if fields[KEY] == digest(public_key(identity.key())):
            # A retained Request of the key that is in use already.
            clear_request(talk)
        return False
    if kind == REFUSAL:
        if not talk.put_off:  # else it is the one that comes again at every connect
            wait = min(max(fields[RETRY_AFTER], _MIN_RETRY), _MAX_RETRY)
            _put_off_for(talk, wait)
            talk.log("%s: the authority does not renew this identity now. Asked again in %d s."
                     % (fields[ERROR], wait))
        return False
    try:
        await in_slices(renewal.answered(fields, identity))
    except ValueError:
        # By a root this board does not know yet, perhaps: new anchors may come before the next answer.
        _put_off_for(talk, _MIN_RETRY)
        raise
    put_off_no_longer(talk)
    clear_request(talk)
    return True


def clear_request(talk):
    talk.outbox.append(("request", b""))
