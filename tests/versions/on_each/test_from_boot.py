"""From the files that `load` leaves on a board to a message delivered and a command received: what people
call (countersign.start() and publish_once()), against a broker of this file's own."""

import asyncio
import binascii
import hashlib
import json
import os

import check
import countersign

try:
    import tls
except ImportError:  # MicroPython 1.22
    import ssl as tls

# RFC 6979's key (A.2.5) in PKCS#8, and a certificate of its own making, good from 2020 to 2120 (openssl ca).
KEY = (
    "308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b0201010420c9afa9d845ba75166b5c215767b1"
    "d6934e50c3db36e89b127b8a622b120f6721a1440342000460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669"
    "622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299")
CERTIFICATE = (
    "308201093081b0020101300a06082a8648ce3d0403023010310e300c06035504030c0575736572313020170d323030313031"
    "3030303030305a180f32313230303130313030303030305a3010310e300c06035504030c0575736572313059301306072a86"
    "48ce3d020106082a8648ce3d0301070342000460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29f"
    "b67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299300a06082a8648ce3d0403020348003045"
    "022100eb3b7629ec30b050546ef0e8ea24f075c3b702b910587ee5f2ca371fe95ea632022042bd2d074d22083627c41aa0fe"
    "7ab5b2cc900e3aa624af71de4ae05c4f13c1ae")

WIFI = b'wifi_ssid="home"\nwifi_psw="secret123"\nserver_ip="127.0.0.1"\nserver_port="%d"\n'


def write(path, content):
    with open(path, "wb") as f:
        f.write(content)


def new_board():
    """As docs/architecture.md has it under "On the device"."""
    key, certificate = binascii.unhexlify(KEY), binascii.unhexlify(CERTIFICATE)
    files = {"key.der": key, "cert.der": certificate, "anchor0.der": certificate}
    for folder in ("/slots", "/slots/a"):
        os.mkdir(folder)
    for name, content in files.items():
        write("/slots/a/" + name, content)
    digests = {name: binascii.hexlify(hashlib.sha256(data).digest()).decode() for name, data in files.items()}
    write("/slots/a/identity.json", json.dumps({
        "version": 1, "name": "user1", "brokers": [{"host": "127.0.0.1", "port": 8883}], "anchors": 1,
        "sha256": digests}).encode())
    line = b"countersign-pointer 1 1 a "
    write("/slots/pointer0", line + b"%08x\n" % binascii.crc32(line))


class Broker:
    """Takes everything; once it is asked for commands it gives one."""
    port = 8882

    def __init__(self):
        Broker.port += 1  # nobody closes a server whose loop has ended
        self.packets = []

    async def serve(self):
        context = tls.SSLContext(tls.PROTOCOL_TLS_SERVER)
        certificate = binascii.unhexlify(CERTIFICATE)
        context.load_cert_chain(certificate, binascii.unhexlify(KEY))
        context.load_verify_locations(certificate)
        context.verify_mode = tls.CERT_REQUIRED
        await asyncio.start_server(self._connection, "127.0.0.1", self.port, ssl=context)

    async def _connection(self, reader, writer):
        try:
            while True:
                first, length = await reader.readexactly(2)
                if length > 127:  # of two bytes
                    length += ((await reader.readexactly(1))[0] - 1) * 128
                body = await reader.readexactly(length)
                self.packets.append((first & 0xF0, body))
                writer.write(self._answer(first, body))
                await writer.drain()
        except (EOFError, OSError):
            pass
        await writer.wait_closed()

    def _answer(self, first, body):
        if first == 0x10:  # CONNECT
            return b"\x20\x02\x00\x00"
        if first == 0x82:  # SUBSCRIBE
            command = b"\x30\x1a\x00\x15devices/user1/cmd/ledon!" if b"cmd/#" in body else b""
            return b"\x90\x03" + body[:2] + b"\x01" + command
        if first & 0xF6 == 0x32:  # PUBLISH at QoS 1: the id comes after the topic
            end = 2 + (body[0] << 8 | body[1])
            return b"\x40\x02" + body[end:end + 2]
        return b""

    def got(self, kind, part):
        return any(first == kind and part in body for first, body in self.packets)


def played(work):
    """The Broker of one connection. `work` runs the event loop, so nobody reads what comes last."""
    broker = Broker()
    write("/wifi.conf", WIFI % broker.port)
    asyncio.create_task(broker.serve())
    work()
    check.true(broker.got(0x10, b"\x00\x05user1"), "no CONNECT with the name")
    return broker


def test_a_program_that_stays_connected():
    commands = []

    async def program(client):
        client.subscribe("cmd/#", lambda topic, payload: commands.append((topic, payload)))
        await client.wait_connected()
        check.equal(await client.publish("state", "ON"), True)
        while not commands:
            await asyncio.sleep_ms(10)

    broker = played(lambda: countersign.start(program))
    check.equal(commands, [("devices/user1/cmd/led", b"on!")])
    check.true(broker.got(0x30, b"devices/user1/state"))
    check.true(broker.got(0x30, b"devices/user1/statusonline"))


def test_one_message_and_to_sleep():
    broker = played(lambda: countersign.publish_once("temperature", "21.5"))
    check.true(broker.got(0x30, b"devices/user1/temperature"))


new_board()
check.run(globals())
