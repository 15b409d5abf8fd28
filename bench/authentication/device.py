"""A device's part: connects as it is told, publishes, and prints what each connection cost."""

import gc
import json
import socket
import time

import _board
import machine
import tls

try:
    import _countersign
except ImportError:
    _countersign = None

SETTINGS = globals()["SETTINGS"]  # a line in front of this
_IPPROTO_TCP = 6
_NS_PER_INSTRUCTION = 8  # host/loader/board_command.h: counted


def setting(name):
    """Its bytes, if it is a hexadecimal one."""
    return bytes.fromhex(SETTINGS[name])


HOST, PORT, NAME = SETTINGS["host"], SETTINGS["port"], SETTINGS["server_name"]
KIND, VERIFY = SETTINGS["kind"], SETTINGS["verify"]
PAYLOAD = SETTINGS["payload"].encode()


def held():
    """Bytes in use, in MicroPython's own heap and outside of it."""
    gc.collect()
    gc.collect()  # what a finaliser let go goes with the second
    return gc.mem_alloc() + getattr(_board, "native_heap", int)()


def instructions():
    """Since the reset, waiting left out; 0 on a board that cannot tell."""
    return getattr(_board, "busy_ns", int)() // _NS_PER_INSTRUCTION


def credentials():
    """What serves any number of connections."""
    if KIND == "clear":
        return None
    anchors = [bytes.fromhex(anchor) for anchor in SETTINGS["anchors"]]
    if KIND == "native":
        return _countersign.Credentials(setting("certificate"), setting("key"), anchors)
    context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    context.verify_mode = tls.CERT_REQUIRED if VERIFY else tls.CERT_NONE
    if SETTINGS["certificate"]:
        context.load_cert_chain(setting("certificate"), setting("key"))
    for anchor in anchors if VERIFY else ():
        context.load_verify_locations(anchor)
    return context


def secured(raw, own, saved):
    if KIND == "clear":
        return raw
    if KIND == "native":
        line = _countersign.TLS(raw, own, NAME, saved)
        while not line.handshake():
            pass
        return line
    return own.wrap_socket(raw, server_hostname=NAME)


def text(value):
    return len(value).to_bytes(2, "big") + value.encode()


def connect_packet():
    user, password = SETTINGS["user"], SETTINGS["password"]
    flags = 0x02 | (0x80 if user else 0) | (0x40 if password else 0)  # MQTT 3.1.1, 3.1.2.3: clean session
    body = text("MQTT") + bytes((4, flags, 0, 60)) + text(SETTINGS["client_id"])
    body += text(user) if user else b""
    body += text(password) if password else b""
    return bytes((0x10, len(body))) + body  # below 128 bytes, so its length is one


def publish(line):
    body = text(SETTINGS["topic"]) + b"\x00\x01" + PAYLOAD
    line.write(bytes((0x32, len(body))) + body)
    return line.read(4) == b"\x40\x02\x00\x01"


def connect(own, saved):
    """(line, what it cost)"""
    began, spent = time.ticks_us(), instructions()
    raw = socket.socket()
    raw.connect(socket.getaddrinfo(HOST, PORT)[0][-1])
    raw.setsockopt(_IPPROTO_TCP, getattr(socket, "TCP_NODELAY", 1), 1)
    try:
        line = secured(raw, own, saved)
        line.write(connect_packet())
        answer = line.read(4)
    except (OSError, ValueError) as fault:
        raw.close()
        return None, {"accepted": False, "fault": str(fault)}
    spent, us = instructions() - spent, time.ticks_diff(time.ticks_us(), began)
    return line, {"accepted": answer == b"\x20\x02\x00\x00", "us": us, "instructions": spent}


def main():
    machine.RTC().datetime(tuple(SETTINGS["clock"]))
    saved = b""
    empty = held()
    own = credentials()
    for i in range(SETTINGS["connections"]):
        if i and not SETTINGS["resume"]:
            own = credentials()  # a first connection each time: no broker is known yet
        line, result = connect(own, saved)
        if line:
            result["held"] = held() - empty
            if KIND == "native":
                result["resumed"] = line.resumed()
                if SETTINGS["resume"] and not saved:
                    saved = line.save()
            if PAYLOAD and result["accepted"]:
                result["published"] = publish(line)
            try:
                line.write(b"\xe0\x00")
            except OSError:
                pass
            line.close()
            line = None
        print(json.dumps(result))


main()
