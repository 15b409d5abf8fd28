# A double of `tls`: the shape of a handshake without its secrets. The first byte each way is a hello;
# nothing else passes before both have come, and whoever wants a certificate hangs up on a hello without one.
import io

PROTOCOL_TLS_CLIENT = 0
PROTOCOL_TLS_SERVER = 1
CERT_NONE = 0
CERT_OPTIONAL = 1
CERT_REQUIRED = 2

_POLL = 3
_IN, _OUT, _ERR, _HUP = 1, 4, 8, 16
_PLAIN, _CERTIFIED = b"\x16", b"\x17"
_FATAL_ALERT = -0x7780
_CONNECTION_EOF = -0x7280
_INVALID_RECORD = -0x7200


class SSLContext:
    def __init__(self, protocol):
        self._server = protocol == PROTOCOL_TLS_SERVER
        self.verify_mode = CERT_NONE if self._server else CERT_REQUIRED
        self._certificate = None

    def load_cert_chain(self, certificate, key):
        for der in (certificate, key):
            if bytes(der[:1]) != b"\x30":
                raise ValueError("invalid cert" if der is certificate else "invalid key")
        self._certificate = bytes(certificate)

    def load_verify_locations(self, cadata):
        if bytes(cadata[:1]) != b"\x30":
            raise ValueError("invalid cert")

    def wrap_socket(self, sock, server_side=False, server_hostname=None, do_handshake_on_connect=True):
        if do_handshake_on_connect:
            raise NotImplementedError("one thread that waits for itself")
        if not server_side and self.verify_mode == CERT_REQUIRED and server_hostname is None:
            raise ValueError("CERT_REQUIRED requires server_hostname")
        return _Socket(self, sock)


class _Socket(io.IOBase):
    def __init__(self, context, sock):
        self._context = context
        self._sock = sock
        self._greeted = self._up = False
        self._fault = None

    def setblocking(self, on):
        self._sock.setblocking(on)

    def write(self, data):
        return self._sock.write(data) if self._shaken() else None

    def read(self, size=-1):
        return self._sock.read(size) if self._shaken() else None

    def readinto(self, buffer, size=None):
        return self._sock.readinto(buffer) if self._shaken() else None

    def close(self):
        self._sock.close()

    def ioctl(self, request, flags):
        if request != _POLL:
            return self._sock.ioctl(request, flags)
        if self._up or not self._greeted:
            return self._sock.ioctl(_POLL, flags)
        # What it waits for is the other side's hello, whatever its owner waits for.
        ready = self._sock.ioctl(_POLL, _IN)
        return flags | ready & (_ERR | _HUP) if ready else 0

    def _shaken(self):
        if self._fault:
            raise OSError(self._fault)
        if not self._greeted:
            self._sock.write(_CERTIFIED if self._context._certificate else _PLAIN)
            self._greeted = True
        if not self._up:
            hello = self._sock.read(1)
            if hello is None:
                return False
            wanted = (_CERTIFIED,) if self._context.verify_mode == CERT_REQUIRED else (_PLAIN, _CERTIFIED)
            if hello not in wanted:
                self._fail({b"": _CONNECTION_EOF, _PLAIN: _FATAL_ALERT}.get(hello, _INVALID_RECORD))
            self._up = True
        return True

    def _fail(self, number):
        self._fault = number
        self._sock.close()
        raise OSError(number)
