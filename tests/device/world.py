"""A board in a world of memory: flash that can lose power at any operation, a broker with retained topics,
the authority of authority.py. Nothing waits: when the board has nothing left to do, its connection ends."""

import hashlib

import authority
from countersign import asking, detour, entropy, filling, judging, keys, lifecycle, reporting, slices
from countersign.clock import Clock
from countersign.connection import Reconnect
from countersign.errors import BrokerRefused, BrokerUnreachable, CountersignError
from countersign.lifecycle import Lifecycle
from countersign.slots import Slots
from now import ecdsa

NOON = 1748779200  # 2025-06-01 12:00 UTC


class PowerCut(BaseException):
    pass


class Quiet(BaseException):
    pass


class Power:
    """Goes at event number `cut`: before it, in its middle or after it."""

    def __init__(self, cut=-1, how="before"):
        self.cut, self.how, self.events = cut, how, 0

    def event(self, middle, whole):
        number = self.events
        self.events += 1
        if number != self.cut:
            return whole()
        try:
            {"before": lambda: None, "middle": middle, "after": whole}[self.how]()
        except CountersignError:  # nobody is left to hear of it
            pass
        raise PowerCut()


class RamFiles:
    """Renaming onto a file fails unless `atomic`."""

    def __init__(self, contents, power, atomic):
        self.contents, self._power, self._atomic = contents, power, atomic

    def read(self, path, limit=8192):
        data = self.contents.get(path)
        return None if data is None else data[:limit]

    def write(self, path, data):
        self._power.event(lambda: self.contents.update({path: bytes(data[:len(data) // 2])}),
                          lambda: self.contents.update({path: bytes(data)}))

    def remove(self, path):
        if path in self.contents:
            gone = lambda: self.contents.pop(path, None)  # noqa: E731
            self._power.event(gone, gone)

    def rename(self, old, new):
        if old not in self.contents or new in self.contents and not self._atomic:
            return False
        move = lambda: self.contents.update({new: self.contents.pop(old)})  # noqa: E731
        self._power.event(lambda: None, move)
        return True

    def make_folder(self, path):
        pass


class Arithmetic:
    """The real one, but nothing is computed twice: keys repeat from run to run (Entropy)."""

    def __init__(self):
        self._known = {}

    def _once(self, name, function, *arguments):
        call = (name,) + tuple(bytes(a) for a in arguments)
        if call not in self._known:
            self._known[call] = function(*arguments)
        return self._known[call]

    def public_key(self, secret):
        return self._once("public_key", ecdsa.public_key, secret)

    def sign(self, secret, digest):
        return self._once("sign", ecdsa.sign, secret, digest)

    def verify(self, point, digest, signature):
        return self._once("verify", ecdsa.verify, point, digest, signature)


class Entropy:
    """Every secret is new within a world, and the same in each world."""
    drawn = 0

    def secret(self, more):
        Entropy.drawn += 1
        return hashlib.sha256(b"%d" % Entropy.drawn).digest()


_arithmetic = Arithmetic()
keys.arithmetic = lambda: _arithmetic
entropy.secret = Entropy().secret


async def _next_message(self, seconds):
    if not self.inbox:
        raise Quiet(seconds)
    return self.inbox.popitem()

lifecycle.Conversation.next_message = _next_message


async def _in_slices(work):
    return slices.at_once(work)

slices.in_slices = asking.in_slices = filling.in_slices = judging.in_slices = reporting.in_slices = _in_slices


def drive(work):
    """The result of a coroutine that waits for nothing."""
    try:
        work.send(None)
    except StopIteration as e:
        return e.value
    raise AssertionError("it waits")


class Subscription:
    def __init__(self, topic, callback):
        self.topic, self.callback = topic, callback

    def want(self):
        pass

    async def ready(self):
        pass


class Client:
    """What countersign.Client is to a lifecycle."""

    def __init__(self, world, lifecycle):
        self.world, self.lifecycle = world, lifecycle
        self.subscriptions = []
        lifecycle.attach(self)

    def subscribe(self, topic, callback):
        self.subscriptions.append(Subscription(topic, callback))
        return self.subscriptions[-1]

    async def publish(self, topic, payload, qos, retain, properties=None):
        assert qos == 1 and retain
        self.world.publish(topic, payload)

    async def reconnect(self):
        raise Reconnect()

    async def run(self, retry):
        while True:
            identity = self.lifecycle.identity()
            if identity is None:
                return
            try:
                await self.connection(identity)
            except (Reconnect, Quiet):
                pass
            if self.lifecycle.identity() is not None:
                return  # nothing came: its ten minutes are over

    def abort(self):
        pass

    async def connection(self, identity):
        self.world.connect(identity, self)
        try:
            for subscription in self.subscriptions:
                if subscription.topic in self.world.retained:
                    subscription.callback(subscription.topic, self.world.retained[subscription.topic])
            await self.lifecycle.serve(self)
        finally:
            self.world.connected = None


detour._helper = lambda life, client, birth, errand: Client(client.world, errand)


class World:
    def __init__(self, atomic=True):
        Entropy.drawn = 0
        self.now = NOON
        self.atomic = atomic
        self.flash = {}
        self.retained = {}
        self.connected = None
        self.authority = authority.Authority(lambda: self.now, self.deliver)
        self.responder_is_up = True
        self.broken = None  # a function of an Identity that raises a fault
        self.lines = []
        self.connects = []  # the last ones: (user, slot)
        self.power = Power()
        self.lifecycle = None

    # --- the board

    @property
    def files(self):
        return RamFiles(self.flash, self.power, self.atomic)

    def boot(self, power=None):
        self.power = power or Power()
        self.clock = Clock(self.files, lambda: self.now, lambda seconds: True, lambda: 0)
        self.lifecycle = Lifecycle(self.files, self.clock, log=self._say, uptime=lambda: self.now)
        self.client = Client(self, self.lifecycle)

    def live(self, seconds=0, step=60):
        """Time passes, `step` seconds at least at a time, and the board does whatever there is to do. Whether
        it ended up connected."""
        until = self.now + seconds
        while True:
            wait = self._settle()
            if self.now >= until:
                return wait is not None
            self.now = min(until, self.now + max(step, int(wait or 0)))

    def _settle(self):
        """One round of connections: the seconds it would wait at the end; None if it is not connected."""
        for _ in range(12):
            try:
                drive(self.client.connection(self.lifecycle.identity()))
                return None
            except Quiet as quiet:
                return quiet.args[0]
            except Reconnect:
                pass
            except CountersignError as fault:
                if not drive(self.lifecycle.failed(self.client, fault)):
                    self.now += 1
        return None

    def _say(self, line):
        self.lines = self.lines[-20:] + [line]

    # --- the broker

    def connect(self, identity, client):
        def meet():
            self.connects = self.connects[-20:] + [(identity.user, identity.slot)]
            if self.broken:
                self.broken(identity)
            if not self.authority.admits(identity.fingerprint()):
                raise BrokerRefused()
            self.connected = client
        self.power.event(lambda: None, meet)

    def publish(self, topic, payload):
        def arrive():
            self.retained[topic] = payload
            if self.responder_is_up:
                self.authority.received(topic, payload)
        self.power.event(lambda: None, arrive)

    def deliver(self, topic, payload):
        """From the responder."""
        if self.retained.get(topic) == payload:
            return
        self.retained[topic] = payload
        if self.connected:
            for subscription in self.connected.subscriptions:
                if subscription.topic == topic:
                    subscription.callback(topic, payload)

    # --- what must hold

    def active(self):
        return Slots(RamFiles(self.flash, Power(), True)).active()

    def unreachable(self, identity):
        raise BrokerUnreachable()
