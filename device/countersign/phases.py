"""The phases of a turn for the identity (lifecycle.py). Each is a coroutine function of its own module,

    phase(talk, matter) -> (name of the next phase, its matter), or (None, None) at the end,

which is forgotten before the next one is loaded: all of them together take 30 kB, a chip has 20 left beside a
connection. What must last from one to the next is in flash, in `talk` or in `matter`.
"""


from micropython import const

_AWAITED = const(604800)


def phase(name):
    if name == "look":
        from .upkeep import look as found
    elif name == "due":
        from .due import due as found
    elif name == "flip":
        from .upkeep import flip as found
    elif name == "errand":
        from .birth import look as found
    elif name == "command":
        from .commands import obey as found
    elif name == "report":
        from .reporting import report as found
    elif name == "request":
        from .asking import request as found
    elif name == "key":
        from .asking import new_key as found
    elif name == "sign":
        from .asking import sign as found
    elif name == "certificate":
        from .answers import take as found
    elif name == "verify":
        from .judging import verify as found
    elif name == "settings":
        from .judging import settings as found
    elif name == "fill":
        from .filling import fill as found
    return found


# What they do to `talk`, a lifecycle.Conversation.


def ask(talk, message):
    """The Request goes out, once for each connection, and again when a Refusal's time is over."""
    talk.ask_at = None
    talk.put_off = False
    talk.outbox.append(("request", message))


def ask_again(talk):
    talk.ask_at = 0
    talk.put_off = False


def put_off(talk, seconds):
    talk.ask_at = talk.uptime() + seconds
    talk.put_off = True


def ask_in(talk):
    """Seconds until the Request is to go out; long, when it has."""
    return _AWAITED if talk.ask_at is None else talk.ask_at - talk.uptime()


def clear_request(talk):
    talk.outbox.append(("request", b""))


def all_done(life):
    """Until `wait` is over, unless an answer is awaited."""
    if life.ask_at is not None and life.told is None:
        life.rest()


def not_taken(talk, fault):
    talk.log("A message of the authority was not taken: %s" % fault)
