# Runs on a loaded board: nanoseconds of its clock, which counts instructions, in TLS of three full
# handshakes; before the last one the credentials are made anew.
import asyncio

import _board
from _countersign import TLS
from countersign import config, tcp
from countersign.backend import make_context
from countersign.files import Files
from countersign.slots import Slots

_settings = config.load("/")


async def _handshake(context):
    host = _settings.server_ip
    sock = await tcp.open_socket(host, _settings.server_port)
    sock.setblocking(True)
    began = _board.busy_ns()
    tls = TLS(sock, context.credentials, host)
    while not tls.handshake():
        pass
    spent = _board.busy_ns() - began
    tls.close()
    return spent


async def _all():
    identity = Slots(Files("/")).active()
    context = make_context(identity)
    spent = [await _handshake(context), await _handshake(context), await _handshake(make_context(identity))]
    print("SPENT", *spent)


asyncio.run(_all())
