"""One connection with the birth certificate, which can do nothing but fetch a new working one."""

from micropython import const

from .conversation import Conversation

_STAY = const(600)  # seconds to wait for the answer before the working certificate is tried again


class Errand(Conversation):
    """What the Client that helps out runs."""

    def __init__(self, renewal, birth, uptime, log):
        super().__init__(renewal, birth.user, uptime, log)
        self._birth = birth
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
        until = self._uptime() + _STAY
        while not self.done and self._uptime() < until:
            wait = await self.ask(client, self._birth)
            message = await self.next_message(min(wait, until - self._uptime()))
            if message and message[0] == "certificate":
                try:
                    self.done = await self.take_certificate(client, message[1], self._birth)
                except ValueError as e:
                    self._log("A message of the authority was not taken: %s" % e)
        self._over = True
        await client.reconnect()
