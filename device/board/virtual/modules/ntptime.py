# A double of `ntptime`: there is no time server, unless /.board says {"ntp": "ok"}.
import _board
import _world

host = "pool.ntp.org"
timeout = 1


def time():
    if _world.get("ntp") != "ok":
        raise OSError(-202)  # what ESP32 raises when the name cannot be resolved
    return _board.host_time()


def settime():
    _board.set_time(time())
