"""All the boards of a simulated decade in one MicroPython: the other half of `decade`, which starts it.

    micropython devices.py SEED ARITHMETIC    the pipe on descriptors 3 (from the world) and 4 (to it)

ARITHMETIC is `fast` (mbedTLS's P-256) or `python`. Time stands still but when the world lets it go: asyncio
asks `select` to wait, and that asks the world.
"""

import hashlib
import os as real_os
import sys

import _board


class Dice:
    """Everything random on the boards: SHA-256 of seed and counter."""

    def __init__(self, seed):
        self._seed = seed.encode()
        self._count = 0

    def bytes(self, size):
        made = b""
        while len(made) < size:
            self._count += 1
            made += hashlib.sha256(self._seed + b" %d" % self._count).digest()
        return made[:size]

    def below(self, limit):
        return int.from_bytes(self.bytes(8), "little") % limit

    def hex(self, size):
        return "".join("%02x" % byte for byte in self.bytes(size))


class Module:
    """A stand-in for a module."""

    def __init__(self, **names):
        for name in names:
            setattr(self, name, names[name])


class Poller:
    """select.poll() of a world in which nothing but time is waited for. Computing takes none, but whoever
    waits for less than a millisecond must not wait for ever."""

    _busy = 0

    def register(self, *_):
        raise RuntimeError("a real stream in a simulated world")

    def ipoll(self, ms):
        Poller._busy += 1
        if ms or Poller._busy > 1000:
            Poller._busy = 0
            fleet.advance(max(ms, 1))
        return ()


dice = Dice(sys.argv[1])
sys.modules["select"] = Module(poll=Poller, POLLIN=1, POLLOUT=4)
sys.modules["os"] = Module(urandom=dice.bytes, getenv=real_os.getenv)
# A collection before every handshake makes room on a chip; here it would only take time.
sys.modules["gc"] = Module(collect=lambda: None, mem_free=lambda: 1 << 20, threshold=lambda *bytes: -1)
if sys.argv[2] == "fast":
    # Only its P-256: the backend stays the one in Python, whose TLS is replaced by the wire.
    import _countersign
    sys.modules["_countersign"] = Module(
        public_key=_countersign.public_key, sign=_countersign.sign, verify=_countersign.verify)

import asyncio  # noqa: E402

from countersign import clock, config, entropy, files, wifi  # noqa: E402

import device  # noqa: E402
import pipe  # noqa: E402
import wire  # noqa: E402

core = asyncio.core
_IDLE_MS = 30 * 86400 * 1000


class Fleet:
    """All boards, and the world they are in."""

    def __init__(self, world):
        self.world = world
        self.dice = dice
        self.now_ms = 0
        self.boards = {}
        self.spawn = core.create_task
        self._owners = {}  # id of a task: its board
        self._wire = wire.Wire(world, self.current)
        self._acting = None  # a board that does something outside of its tasks
        self._over = False
        world.secrets = self._secrets
        self._replace_seams()

    def _replace_seams(self):
        core.create_task = asyncio.create_task = self._create_task
        core.Loop.set_exception_handler(self._task_has_failed)
        wire.install(self._wire)
        entropy._radio_on = lambda: None
        entropy.chip_id = lambda: b""
        files.Files = lambda root: self.current().files
        clock.Clock = lambda files: self.current().make_clock(files)
        config.load = lambda root: device.settings("broker.sim", 8883)
        wifi.connect = _joined

    async def run(self):
        while not self._over:
            await asyncio.sleep_ms(_IDLE_MS)

    # --- whose task is it?

    def current(self):
        return self._owners[id(core.cur_task)]

    def _secrets(self):
        owner = self._acting or self._owners.get(id(core.cur_task))
        return owner.secrets if owner else ()

    def adopt(self, task, owner):
        self._owners[id(task)] = owner
        owner.adopt(task)

    def disown(self, tasks):
        for task in tasks:
            self._owners.pop(id(task), None)

    def _task_has_failed(self, loop, context):
        """What nothing in the package catches."""
        owner = self._owners.get(id(context["future"]))
        if owner:
            self.world.ask(pipe.SAYS, owner.number, "!!! a fault in a task: %r" % context["exception"])

    def _create_task(self, work):
        task = self.spawn(work)
        owner = self._owners.get(id(core.cur_task))
        if owner and owner.files:
            self.adopt(task, owner)
        return task

    # --- what happens

    def advance(self, ms):
        answer = self.world.ask(pipe.ADVANCE, self.now_ms, ms)
        self.now_ms = answer.number()
        _board.freeze_ticks(self.now_ms)
        while answer.more():
            self._take(answer.number(), answer)

    def _take(self, kind, answer):
        number = answer.number()
        if kind <= pipe.LOST:
            self._take_for_link(kind, self._wire.links.get(number), answer)
        elif kind == pipe.BORN:
            self.boards[number] = device.Device(self, number, answer.text(), answer.number())
            self._acting = self.boards[number]
            self._acting.enrol()
            self._acting = None
        elif kind == pipe.BOOT:
            self.boards[number].boot(answer.number())
        elif kind == pipe.CUT:
            self.boards[number].cut()
        elif kind == pipe.CUT_AT:
            self.boards[number].flash.fuse = answer.number()
            self.boards[number].flash.how = answer.number()
        elif kind == pipe.CLOCK:
            self.boards[number].set_clock(answer.number())
        elif kind == pipe.COPY:
            self._copy(self.boards[number], answer.number())
        elif kind == pipe.REPORT:
            for i in sorted(self.boards):
                self.world.ask(pipe.FACTS, *self.boards[i].report())
        elif kind == pipe.END:
            self._over = True
            raise SystemExit

    def _take_for_link(self, kind, link, answer):
        if kind == pipe.ACKNOWLEDGED:
            packet = wire.puback(answer.number())
        elif kind == pipe.GRANTED:
            packet = wire.suback(answer.number(), answer.number())
        elif kind == pipe.MESSAGE:
            packet = wire.message(answer.text(), answer.bytes())
        else:
            packet = None
        if link and packet:
            link.arrive(packet)
        elif link:
            link.end()

    def _copy(self, original, number):
        clone = self.boards[number] = device.Device(self, number, original.name, original.flash.renames)
        clone.steal(original)


async def _joined(ssid, password):
    return "10.0.0.7"


fleet = Fleet(pipe.Pipe(open("/dev/fd/3", "rb"), open("/dev/fd/4", "wb")))
# The world's first words set the clock and make the boards.
fleet.advance(0)
asyncio.run(fleet.run())
