"""One simulated board: the real package, from one power-on to the next power cut, on a flash that stays."""

import asyncio
import binascii
import sys

from countersign import board, enrol
from countersign.backoff import Backoff
from countersign.clock import Clock
from countersign.counter import requests_of
from countersign.due import due_at
from countersign.errors import ConfigInvalid, CountersignError, IdentityDamaged, IdentityMissing
from countersign.slots import Slots

import flash
import pipe

# Boards that find no broker for weeks would fill a decade with tries: the slowest pace is stretched, from
# minutes to days.
_SLOWEST_MS = 300000
_STRETCHED = 1500


class Device:
    def __init__(self, fleet, number, name, renames):
        self.number = number
        self.name = name
        self.handshakes = 0
        self.links = []
        self.secrets = set()  # every private key it ever had
        self.flash = flash.Flash(renames, self.secrets)
        self.files = None  # while it has power
        self.client = None
        self.offset = 0  # of its clock, seconds
        self.thief = False
        self._fleet = fleet
        self._tasks = []
        self._sweep_at = 8

    # --- time

    def now(self):
        return self._fleet.now_ms // 1000 + self.offset

    def set_clock(self, seconds):
        self.offset = seconds - self._fleet.now_ms // 1000
        return True

    def ask_ntp(self):
        told = self._fleet.world.ask(pipe.NTP, self.number).number()
        if not told:
            raise OSError(110)
        return told

    def make_clock(self, files):
        return Clock(files, self.now, self.set_clock, self.ask_ntp, random=self._fleet.dice.below)

    # --- power

    def boot(self, begins_at):
        if begins_at:
            self.set_clock(begins_at)
        self.files = flash.Files(self.flash, self._fuse_blown, self._flipped)
        self._fleet.adopt(self._fleet.spawn(self._live(self.files)), self)

    def cut(self):
        """The power goes, at once and for everything."""
        if not self.files:
            return
        self.files.dead = True
        self.files = None
        self.client = None
        for link in self.links:
            link.end()
        self.links = []
        for task in self._tasks:
            if not task.done() and task is not asyncio.core.cur_task:
                task.cancel()
        self._fleet.disown(self._tasks)
        self._tasks = []

    def _fuse_blown(self):
        self.cut()
        self._fleet.world.ask(pipe.CUT_HAPPENED, self.number)

    def _flipped(self, fingerprint):
        self._fleet.world.ask(pipe.FLIPPED, self.number, fingerprint)

    def adopt(self, task):
        self._tasks.append(task)
        if len(self._tasks) >= self._sweep_at:
            over = [t for t in self._tasks if t.done()]
            self._tasks = [t for t in self._tasks if not t.done()]
            self._fleet.disown(over)
            self.links = [link for link in self.links if link.is_open()]
            # A task that is over holds on to its whole connection: of a thousand boards that is the heap.
            self._sweep_at = 2 * len(self._tasks) + 2

    async def _live(self, files):
        """What countersign.board.boot() does, in a loop that is shared with other boards."""
        def log(line):
            if not files.dead:
                self._fleet.world.ask(pipe.SAYS, self.number, line)

        backoff = Backoff(self._random)
        while True:
            try:
                self.client = await board.prepare(
                    say=lambda line: None, log=log, keepalive=0, backoff=Backoff(self._random))
                if self.thief:
                    life = self.client._lifecycle
                    life.renew_at = life.uptime()
                await self.client.run()
                return
            except (ConfigInvalid, IdentityMissing, IdentityDamaged) as e:
                log("!!! needs a person: %s" % e)
                return
            except CountersignError as e:
                log(str(e))
                pause = backoff.next_ms(e.permanent)
            except Exception as e:
                sys.print_exception(e, sys.stderr)
                log("!!! a fault in the package: %r" % e)
                return
            await asyncio.sleep_ms(pause)

    def _random(self, limit):
        return self._fleet.dice.below(limit * _STRETCHED if limit >= _SLOWEST_MS else limit + 1)

    # --- from outside

    def enrol(self):
        """As `countersign load` does it over the cable."""
        files = flash.Files(self.flash)
        said = []
        enrol.print = said.append
        enrol.request(self.name, self._fleet.dice.hex(32), files)
        requests = [binascii.unhexlify(line.split(" ")[2]) for line in said if line.startswith("CS-REQUEST")]
        answer = self._fleet.world.ask(pipe.ENROL, self.name, requests[0], requests[1])
        for name in ("working.der", "birth.der", "brokers.json"):
            files.write(enrol.FOLDER + "/" + name, answer.bytes())
        anchors = 0
        while answer.more():
            files.write("%s/anchor%d.der" % (enrol.FOLDER, anchors), answer.bytes())
            anchors += 1
        enrol.accept(files=files)
        self.make_clock(files).raise_floor(self.now())

    def steal(self, original):
        """Becomes a copy in the hands of a thief: it renews whenever it has power, and jumps to numbers that
        the genuine board will not come to."""
        self.flash.copy_from(original.flash)
        self.offset = original.offset
        self.thief = True
        files = flash.Files(self.flash)
        for slot in ("a", "b", "birth"):
            used = requests_of(files, "/slots/" + slot)
            used.set(used.value + 1000)

    def report(self):
        """number, 1 when it has power, 1 when it is connected, its active certificate, when that is due."""
        fingerprint, due = b"", 0
        try:
            active = Slots(flash.Files(self.flash)).active()
            fingerprint = active.fingerprint()
            due = due_at(active)
        except (IdentityMissing, IdentityDamaged):
            pass
        connected = self.client is not None and self.client.connected
        return self.number, int(self.files is not None), int(connected), fingerprint, due


def settings(host, port):
    """In the place of wifi.conf."""
    class Settings:
        wifi_ssid = "home"
        wifi_psw = "secret"
        server_ip = host
        server_port = port
    return Settings
