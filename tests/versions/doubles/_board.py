# A double of the virtual board's `_board`: its clock, which can be set.
import time  # the real one

_host_time = time.time
ahead = 0


def host_time():
    return int(_host_time())


def set_time(seconds):
    global ahead
    ahead += seconds - int(time.time())
