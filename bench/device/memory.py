# Runs on a loaded board, on the RISC-V board or an ESP32: what memory there is, phase by phase.
#   countersign board --riscv --chip esp32-c3 --port ./board
#   mpremote connect ./board run bench/device/memory.py
# Bytes: of MicroPython's heap in use and free (as gc counts them, garbage collected first); of ESP-IDF's
# free, the largest block of it, and each region's free/largest/least ever. The last line is the same as one
# JSON object.
#
# SETTINGS, in a line in front of this, if at all: host, port: of the broker, for a plain client of the
# firmware's tls as well; renewal: wait for one, which the host asks for.
import asyncio
import gc
import json
import sys

import esp32

SETTINGS = globals().get("SETTINGS", {})
_figures = {}


def phase(name):
    gc.collect()
    gc.collect()
    heaps = esp32.idf_heap_info(esp32.HEAP_DATA)
    free = sum([heap[1] for heap in heaps])
    largest = max([heap[2] for heap in heaps])
    each = " ".join(["%d/%d/%d" % heap[1:] for heap in heaps])
    print("%-28s %7d %7d %7d %7d  %s" % (name[:28], gc.mem_alloc(), gc.mem_free(), free, largest, each))
    least = sum([heap[3] for heap in heaps])
    return {"heap": gc.mem_alloc(), "free": free, "largest": largest, "least": least}


def keep(name):
    _figures[name] = phase(name)


def _file(name):
    with open("/slots/a/" + name, "rb") as file:
        return file.read()


def _plain():
    """What a client of a few lines holds: the socket, TLS and its context."""
    import socket
    import tls

    context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    context.verify_mode = tls.CERT_REQUIRED
    context.load_cert_chain(_file("cert.der"), _file("key.der"))
    for i in 0, 1:  # as a new board has them
        context.load_verify_locations(_file("anchor%d.der" % i))
    raw = socket.socket()
    raw.connect(socket.getaddrinfo(SETTINGS["host"], SETTINGS["port"])[0][-1])
    line = context.wrap_socket(raw, server_hostname=SETTINGS["host"])
    line.write(b"\x10\x11\x00\x04MQTT\x04\x02\x00\x3c\x00\x05plain")
    line.read(4)
    keep("plain client connected")
    line.close()


async def _settled():
    """What the connection has needed once has been forgotten."""
    await asyncio.sleep(1)
    while "countersign.seldom" in sys.modules:
        await asyncio.sleep_ms(200)


async def _lifetime():
    from countersign import board

    keep("imported")
    renewed = asyncio.Event()

    def log(line):
        phase(line)
        if line.startswith("The new identity is in use"):
            renewed.set()

    client = await board.prepare(say=phase, log=log)
    keep("prepared")
    runner = asyncio.create_task(client.run())
    await client.wait_connected()
    await client.publish("state", "ON", qos=1)
    await _settled()
    keep("connected")
    if SETTINGS.get("renewal"):
        print("# ready to renew")
        await renewed.wait()
        await _settled()
        keep("after a renewal")
    await client.close()
    await runner
    keep("closed")


print("%-28s %7s %7s %7s %7s  each region" % ("phase", "used", "gc free", "free", "largest"))
keep("REPL")
if __name__ == "__main__":
    if "host" in SETTINGS:
        import network
        wlan = network.WLAN(network.STA_IF)
        wlan.active(True)
        wlan.connect("home", "")
        while not wlan.isconnected():
            pass
        keep("Wi-Fi")
        _plain()
    asyncio.run(_lifetime())
    print(json.dumps(_figures))
