# Runs on the RISC-V board, nothing loaded: the figures that were measured on the chips. CERTIFICATE, KEY,
# AUTHORITY (DER), BROKER (host, port), NAME and NOW (year, month, day) are set by who sends this.
import gc
import socket
import time

import esp32
import machine
import network
import tls

_CONNECT, _CONNACK = b"\x10", 4


def _heap(name):
    gc.collect()
    regions = esp32.idf_heap_info(esp32.HEAP_DATA)
    print("HEAP", name, gc.mem_free(), sum([r[1] for r in regions]), max([r[2] for r in regions]))


def _connect_wifi():
    wlan = network.WLAN(network.STA_IF)
    wlan.active(True)
    wlan.connect("home", "password")
    while not wlan.isconnected():
        time.sleep_ms(20)


def _context():
    context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    context.load_cert_chain(CERTIFICATE, KEY)  # noqa: F821
    context.load_verify_locations(AUTHORITY)  # noqa: F821
    return context


def _connect(context):
    """As umqtt.simple does it."""
    sock = socket.socket()
    sock.connect(BROKER)  # noqa: F821
    line = context.wrap_socket(sock, server_hostname=BROKER[0])  # noqa: F821
    name = NAME.encode()  # noqa: F821
    hello = b"\x00\x04MQTT\x04\x02\x00\x3c" + bytes([0, len(name)]) + name
    line.write(_CONNECT + bytes([len(hello)]) + hello)
    if line.read(_CONNACK) != b"\x20\x02\x00\x00":
        raise OSError("no CONNACK")
    return sock, line


machine.RTC().datetime(NOW + (0, 0, 0, 0, 0))  # noqa: F821
_heap("fresh")
_connect_wifi()
_heap("wifi")
_made = _context()
_heap("context")
_line = _connect(_made)
_heap("connected")
_line[1].close()
_line[0].close()
_line = None
_heap("closed")
