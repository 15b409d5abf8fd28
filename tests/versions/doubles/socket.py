# A double of `socket`: TCP within this one MicroPython, with lwIP's manners and the size of its buffers on an
# ESP32. There is no name server; a port of 127.0.0.1 with nobody behind it refuses, any other host swallows
# what is sent to it.
import errno
import io

AF_INET = 2
SOCK_STREAM = 1
SOL_SOCKET = 0xFFF
SO_REUSEADDR = 4
TCP_NODELAY = 1

_WINDOW = 5760  # bytes under way in one direction
_POLL, _CLOSE = 3, 4  # requests to a stream
_IN, _OUT, _ERR, _HUP = 1, 4, 8, 16
_listening = {}  # port: socket


def getaddrinfo(host, port, family=0, kind=0, protocol=0, flags=0):
    if not all(part.isdigit() for part in host.split(".")):
        raise OSError(-202)  # what ESP32 raises when the name cannot be resolved
    return [(AF_INET, SOCK_STREAM, 0, "", (host, port))]


class socket(io.IOBase):
    def __init__(self, family=AF_INET, kind=SOCK_STREAM, protocol=0):
        self._came = bytearray()
        self._peer = None
        self._callers = None  # of one that listens
        self._state = "new"  # connecting, open, refused, shut (by the other side), closed

    def setblocking(self, on):
        if on:
            raise NotImplementedError("one thread that waits for itself")

    def setsockopt(self, level, option, value):
        pass

    def bind(self, address):
        self._port = address[1]
        if self._port in _listening:
            raise OSError(errno.EADDRINUSE)

    def listen(self, backlog=5):
        self._callers = []
        _listening[self._port] = self

    def accept(self):
        if not self._callers:
            raise OSError(errno.EAGAIN)
        return self._callers.pop(0), ("127.0.0.1", 50000)

    def connect(self, address):
        host, port = address
        self._state = "connecting"
        if host == "127.0.0.1":
            listener = _listening.get(port)
            self._state = "open" if listener else "refused"
            if listener:
                self._peer = socket()
                self._peer._peer, self._peer._state = self, "open"
                listener._callers.append(self._peer)
        raise OSError(errno.EINPROGRESS)

    def write(self, data):
        self._check()
        if self._state == "shut":
            raise OSError(errno.ECONNRESET)
        room = min(_WINDOW - len(self._peer._came), len(data))
        if room <= 0:
            return None
        self._peer._came.extend(bytes(data[:room]))
        return room

    send = write

    def read(self, size=-1):
        self._check()
        if not self._came:
            return b"" if self._state == "shut" else None
        size = len(self._came) if size < 0 else size
        data = bytes(self._came[:size])
        self._came = self._came[size:]
        return data

    recv = read

    def readinto(self, buffer, size=None):
        data = self.read(len(buffer) if size is None else size)
        if data is None:
            return None
        buffer[:len(data)] = data
        return len(data)

    def close(self):
        if self._callers is not None:
            _listening.pop(self._port, None)
        if self._peer and self._peer._state == "open":
            self._peer._state = "shut"
        self._state = "closed"

    def ioctl(self, request, flags):
        if request == _CLOSE:
            self.close()
        return self._ready() & (flags | _ERR | _HUP) if request == _POLL else 0

    def _ready(self):
        if self._callers is not None:
            return _IN if self._callers else 0
        if self._state == "open":
            room = len(self._peer._came) < _WINDOW
            return (_IN if self._came else 0) | (_OUT if room else 0)
        if self._state == "shut":
            return _IN | _OUT | _HUP
        return _OUT | _ERR | _HUP if self._state == "refused" else 0

    def _check(self):
        if self._state == "refused":
            raise OSError(errno.ECONNREFUSED if hasattr(errno, "ECONNREFUSED") else 111)
        if self._state not in ("open", "shut"):
            raise OSError(errno.EBADF if self._state == "closed" else errno.ENOTCONN)
