"""One connection with the birth certificate, which can do nothing but fetch a new working one."""

from micropython import const

from .lifecycle import Conversation

_STAY = const(600)  # seconds to wait for the answer before the working certificate is tried again


class Errand(Conversation):
    """What the Client that helps out runs: `life` is the Lifecycle it helps, `birth` the birth Identity."""

    def __init__(self, life, birth):
        super().__init__(life.files, life.clock, birth.user, life.uptime, life.log)
        self._birth = birth
        self._until = life.uptime() + _STAY
        self._over = False
        self.done = False  # there is a candidate now

    def identity(self):
        """The Identity for the next connection; None ends the client."""
        self.begin()
        return None if self._over else self._birth

    async def failed(self, client, fault):
        return False

    async def serve(self, client):
        await self.ready()
        await self.converse(client)

    async def turn(self, message):
        from .conversation import ask, take_certificate
        from .renewal import Renewal
        renewal = Renewal(self.files, self.clock)
        if message and message[0] == "certificate":
            try:
                self.done = await take_certificate(self, renewal, message[1], self._birth)
            except ValueError as e:
                self.log("A message of the authority was not taken: %s" % e)
        left = self._until - self.uptime()
        self.leaving = self._over = self.done or left <= 0
        return 0 if self._over else min(left, await ask(self, renewal, self._birth))
