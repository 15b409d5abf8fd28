"""What comes on …/certificate (docs/protocol.md, Renewal)."""

from micropython import const

from .identity import sha256
from .keys import public_key
from .messages import CERTIFICATE, ERROR, KEY, REFUSAL, RETRY_AFTER, decode
from .phases import clear_request, not_taken, put_off
from .renewal import Renewal

_MIN_RETRY = const(60)  # seconds, docs/protocol.md, Renewal 4
_MAX_RETRY = const(604800)


async def take(talk, data):
    """The phase."""
    try:
        kind, fields = decode(data)
        if kind not in (CERTIFICATE, REFUSAL):
            raise ValueError("not an answer to a request")
        renewal = Renewal(talk.files, talk.clock)
        pending = renewal.pending()
        key = pending and pending[0]
        if key and fields[KEY] == sha256(public_key(key)):
            if kind == CERTIFICATE:
                return "verify", (key, fields)
            _refused(talk, fields)
            renewal.answered()
        elif fields[KEY] == sha256(public_key(talk.current.key())):
            # A retained Request of the key that is in use already.
            clear_request(talk)
    except ValueError as e:
        not_taken(talk, e)
    return talk.home, None


def _refused(talk, fields):
    if not talk.put_off:  # else it is the one that comes again at every connect
        wait = min(max(fields[RETRY_AFTER], _MIN_RETRY), _MAX_RETRY)
        put_off(talk, wait)
        talk.log("%s: the authority does not renew this identity now. Asked again in %d s."
                 % (fields[ERROR], wait))
