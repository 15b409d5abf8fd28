# Runs on a loaded board: nanoseconds of its clock, which counts instructions, in TLS of three full
# handshakes; before the last one the credentials are made anew.
import os
import socket

import _board
from _countersign import TLS, Credentials


def _read(file):
    with open("/slots/a/" + file, "rb") as f:
        return f.read()


def _settings():
    with open("/wifi.conf") as f:
        return dict([part.strip().strip('"') for part in line.split("=", 1)] for line in f if "=" in line)


def _credentials():
    anchors = [_read(file) for file in sorted(os.listdir("/slots/a")) if file.startswith("anchor")]
    return Credentials(_read("cert.der"), _read("key.der"), anchors)


def _handshake(credentials):
    settings = _settings()
    host = settings["server_ip"]
    sock = socket.socket()
    sock.connect(socket.getaddrinfo(host, int(settings["server_port"]))[0][-1])
    began = _board.busy_ns()
    tls = TLS(sock, credentials, host)
    while not tls.handshake():
        pass
    spent = _board.busy_ns() - began
    tls.close()
    return spent


_made = _credentials()
print("SPENT", _handshake(_made), _handshake(_made), _handshake(_credentials()))
