"""The clock and its floor; flash and time are the tests' own."""

import binascii

import check
from countersign import clock as clocks
from countersign.clock import Clock
from countersign.timekeeping import set_clock

DAY = 86400
NOON = 1748779200  # date -u -d '2025-06-01 12:00' +%s


class World:
    """Files and a clock; renaming onto a file fails unless `atomic`; the power goes at operation `cut`."""

    def __init__(self, now=NOON, files=None, atomic=True, cut=-1):
        self.now = now
        self.files = dict(files or {})
        self.atomic = atomic
        self.cut = cut
        self.writes = 0
        self.ntp = None
        self.asked = 0
        self.uptime = 0

    def _count(self):
        self.cut -= 1
        if self.cut == -1:
            raise OSError("power cut")

    def read(self, path, limit=8192):
        return self.files.get(path)

    def write(self, path, data):
        self.files[path] = data[:10]
        self._count()
        self.files[path] = data
        self.writes += 1

    def remove(self, path):
        self._count()
        self.files.pop(path, None)

    def rename(self, old, new):
        self._count()
        if new in self.files and not self.atomic:
            return False
        self.files[new] = self.files.pop(old)
        return True

    def make_folder(self, path):
        pass

    def set(self, seconds):
        self.now = seconds
        return True

    def ask(self):
        self.asked += 1
        if self.ntp is None:
            raise OSError(-202)
        return self.ntp

    def clock(self):
        return Clock(self, lambda: self.now, self.set, self.ask, lambda: self.uptime, lambda limit: limit - 1)


def line(seconds):
    text = "countersign-floor 1 %d " % seconds
    return ("%s%08x\n" % (text, binascii.crc32(text.encode()))).encode()


def test_floor_line_as_the_host_writes_it():
    # crc by Python's zlib.crc32
    written = b"countersign-floor 1 1748779200 d1927037\n"
    check.equal(World(files={"/slots/floor": written}).clock().floor, NOON)


def test_a_clock_below_the_floor_is_lifted():
    world = World(now=946684800, files={"/slots/floor": line(NOON)})  # the year 2000, after power-on
    world.clock().keep_floor()
    check.equal(world.now, NOON)


def test_a_clock_above_the_floor_is_left_alone():
    world = World(now=NOON + 5, files={"/slots/floor": line(NOON)})
    world.clock().keep_floor()
    check.equal(world.now, NOON + 5)


def test_without_a_floor():
    world = World(now=7)
    world.clock().keep_floor()
    check.equal(world.now, 7)


def test_damaged_floors_are_no_floors():
    good = line(NOON)
    for at in range(len(good)):
        damaged = bytearray(good)
        damaged[at] ^= 1
        check.equal(World(files={"/slots/floor": bytes(damaged)}).clock().floor, 0)
        check.equal(World(files={"/slots/floor": good[:at]}).clock().floor, 0)


def test_ntp_sets_the_clock_but_not_the_floor():
    world = World(now=NOON, files={"/slots/floor": line(NOON)})
    world.ntp = NOON + 10 * DAY
    clock = world.clock()
    check.equal(clock.ask_ntp(), True)
    check.equal((world.now, clock.floor, world.files), (NOON + 10 * DAY, NOON, {"/slots/floor": line(NOON)}))


def test_ntp_below_the_floor_is_not_believed():
    world = World(now=NOON, files={"/slots/floor": line(NOON)})
    world.ntp = NOON - 1
    check.equal(world.clock().ask_ntp(), False)
    check.equal(world.now, NOON)


def test_no_ntp_answer():
    check.equal(World().clock().ask_ntp(), False)


def asked_at(world, clock, until):
    """When tend() asks NTP, looked at every minute."""
    times = []
    while world.uptime < until:
        before = world.asked
        clock.tend()
        if world.asked > before:
            times.append(world.uptime)
        world.uptime += 60
    return times


def test_an_answer_of_ntp_lasts_a_day_and_up_to_a_quarter_more():
    world = World()
    world.ntp = NOON
    clock = world.clock()
    check.equal(asked_at(world, clock, 3 * DAY), [0, DAY * 5 // 4, DAY * 5 // 2])


def test_silence_of_ntp_lasts_an_hour_and_up_to_a_quarter_more():
    world = World()
    check.equal(asked_at(world, world.clock(), 3 * 3600), [0, 4500, 9000])


def test_an_answer_below_the_floor_is_as_good_as_none():
    world = World(files={"/slots/floor": line(NOON)})
    world.ntp = NOON - DAY
    clock = world.clock()
    check.equal(asked_at(world, clock, 2 * 3600), [0, 4500])
    check.equal((world.now, clock.floor), (NOON, NOON))


def test_a_clock_that_has_fallen_is_asked_about_at_once():
    world = World(files={"/slots/floor": line(NOON)})
    world.ntp = NOON + 500
    clock = world.clock()
    clock.tend()
    world.now = 946684800  # the year 2000
    world.uptime += 60
    clock.tend()
    check.equal((world.asked, world.now, clock.floor), (2, NOON + 500, NOON))


def test_the_floor_rises_at_most_daily():
    world = World(files={"/slots/floor": line(NOON)})
    clock = world.clock()
    clock.raise_floor(NOON + DAY - 1)
    check.equal((world.writes, clock.floor), (0, NOON))
    clock.raise_floor(NOON + DAY)
    clock.raise_floor(NOON + DAY + 60)
    check.equal((world.writes, world.clock().floor, world.now), (1, NOON + DAY, NOON + DAY))


def test_the_floor_never_falls():
    world = World(files={"/slots/floor": line(NOON)})
    world.clock().raise_floor(NOON - 5 * DAY)
    check.equal(world.clock().floor, NOON)


def test_a_power_cut_while_the_floor_is_written():
    for atomic in (True, False):
        for cut in range(5):
            world = World(files={"/slots/floor": line(NOON)}, atomic=atomic, cut=cut)
            try:
                world.clock().raise_floor(NOON + DAY)
            except OSError:
                pass
            world.cut = -1
            check.true(world.clock().floor in (NOON, NOON + DAY), "lost at %d" % cut)
            world.clock().raise_floor(NOON + 2 * DAY)
            check.equal(world.clock().floor, NOON + 2 * DAY)


def test_back_to_the_floor_and_forward_again():
    world = World(now=NOON + 1000, files={"/slots/floor": line(NOON)})
    clock = world.clock()
    ahead = clock.step_back_to_floor()
    check.equal((ahead, world.now), (1000, NOON))
    world.now += 3  # a handshake later
    clock.step_forward(ahead)
    check.equal(world.now, NOON + 1003)


def test_no_step_back_from_a_clock_that_ntp_has_set():
    world = World(now=NOON + 50 * DAY, files={"/slots/floor": line(NOON)})
    world.ntp = NOON + 60 * DAY
    clock = world.clock()
    clock.ask_ntp()
    check.equal((clock.step_back_to_floor(), world.now), (0, NOON + 60 * DAY))
    world.ntp = None  # silent from now on: what it said before is still known
    clock.ask_ntp()
    check.equal((clock.step_back_to_floor(), world.now), (0, NOON + 60 * DAY))


def test_an_answer_below_the_floor_makes_nothing_known():
    world = World(now=NOON + DAY, files={"/slots/floor": line(NOON)})
    world.ntp = NOON - DAY
    clock = world.clock()
    clock.ask_ntp()
    check.equal((clock.step_back_to_floor(), world.now), (DAY, NOON))


def test_one_wrong_word_of_the_authority_raises_the_floor_by_no_more_than_90_days():
    world = World(files={"/slots/floor": line(NOON)})
    world.clock().raise_floor(NOON + 1200 * DAY)
    check.equal((world.asked, world.clock().floor), (1, NOON + 90 * DAY))


def test_ntp_bounds_what_the_authority_says_of_the_time():
    world = World(files={"/slots/floor": line(NOON)})
    world.ntp = NOON + 5 * DAY
    clock = world.clock()
    clock.raise_floor(NOON + 1200 * DAY)
    check.equal((clock.floor, world.now), (NOON + 6 * DAY, NOON + 6 * DAY))


def test_ntp_agrees_to_years_in_a_drawer():
    world = World(files={"/slots/floor": line(NOON)})
    world.ntp = NOON + 1200 * DAY
    clock = world.clock()
    clock.raise_floor(NOON + 1200 * DAY)
    check.equal(clock.floor, NOON + 1200 * DAY)


def test_the_first_floor_is_as_it_is_said():
    world = World(now=7)
    world.clock().raise_floor(NOON)
    check.equal(world.clock().floor, NOON)


def test_no_step_back_without_a_floor_or_when_at_it():
    check.equal(World().clock().step_back_to_floor(), 0)
    check.equal(World(now=NOON, files={"/slots/floor": line(NOON)}).clock().step_back_to_floor(), 0)


def test_the_year_2000_epoch_of_an_esp32():
    check.equal(clocks.epoch(2000), 946684800)  # date -u -d 2000-01-01 +%s
    check.equal(clocks.epoch(1970), 0)


def test_the_real_clock_of_the_board():
    before = clocks.read_clock()
    try:
        check.equal(set_clock(NOON), True)
        check.true(0 <= clocks.read_clock() - NOON <= 1)
    finally:
        set_clock(before)


check.run(globals())
