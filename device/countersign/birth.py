"""One connection with the birth certificate, which can do nothing but fetch a new working one."""

from micropython import const

from .lifecycle import Conversation

_STAY = const(600)  # seconds to wait for the answer before the working certificate is tried again


class Errand(Conversation):
    """What the Client that helps out runs: `life` is the Lifecycle it helps, `birth` the birth Identity."""

    home = "errand"

    def __init__(self, life, birth):
        super().__init__(life.files, life.clock, birth.user, life.uptime, life.log)
        self.current = birth
        self.until = life.uptime() + _STAY
        self.over = False

    def identity(self):
        """The Identity for the next connection; None ends the client."""
        self.begin()
        return None if self.over else self.current

    async def failed(self, client, fault):
        return False

    async def serve(self, client):
        await self.ready()
        await self.converse(client)

    def begins(self, message):
        return message if message and message[0] == "certificate" else (self.home, None)


async def look(errand, _):
    """The phase: the Request, until its time is over."""
    from .phases import ask_in
    left = errand.until - errand.uptime()
    errand.leaving = errand.over = errand.done or left <= 0
    ahead = ask_in(errand)
    if ahead <= 0 and not errand.over:
        return "request", None
    errand.wait = 0 if errand.over else min(left, ahead)
    return None, None
