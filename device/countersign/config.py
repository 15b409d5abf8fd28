"""wifi.conf: the four keys of the original, read by name.

    wifi_ssid="home"
    wifi_psw="secret"        # a comment
    server_ip="192.168.1.22"
    server_port="8883"

There are no escapes: a quoted value ends at the first such quote after which nothing but a comment follows,
so it may itself contain quotes and #. Quotes may be left out where the value has neither spaces nor #.
"""

from micropython import const

from .errors import ConfigInvalid

KEYS = ("wifi_ssid", "wifi_psw", "server_ip", "server_port")

_NO_QUOTES = "\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u00ab\u00bb\u2039\u203a\u00b4`"
_MAX_FILE = const(4096)
_MAX_HOST = const(253)  # RFC 1035, in characters
_MAX_SSID = const(32)  # IEEE 802.11, in bytes
_MAX_PASSWORD = const(63)  # bytes; 64 hex digits are the key itself


class Config:
    """wifi_ssid, wifi_psw, server_ip: str; server_port: int."""

    def __init__(self, values):
        self.wifi_ssid = values["wifi_ssid"]
        self.wifi_psw = values["wifi_psw"]
        self.server_ip = values["server_ip"]
        self.server_port = _port(values["server_port"])
        if not 1 <= len(self.wifi_ssid.encode()) <= _MAX_SSID:
            raise ConfigInvalid("wifi_ssid has 1 to 32 bytes")
        if self.wifi_psw and not _is_password(self.wifi_psw.encode()):
            raise ConfigInvalid("wifi_psw has 8 to 63 bytes or 64 hex digits, or none for an open network")
        if not 1 <= len(self.server_ip) <= _MAX_HOST or " " in self.server_ip:
            raise ConfigInvalid("server_ip is an address or a name")
        if "/" in self.server_ip or self.server_ip.count(":") == 1:
            raise ConfigInvalid("server_ip is an address or a name: no mqtt://, and no port")


def load(root="/"):
    """The Config of the board, or ConfigInvalid."""
    try:
        with open(root.rstrip("/") + "/wifi.conf", "rb") as f:
            data = f.read(_MAX_FILE + 1)
    except OSError:
        raise ConfigInvalid("it is missing")
    return parse(data)


def parse(data):
    """The Config in the bytes of a file. Unknown keys and lines that assign nothing are passed over."""
    if len(data) > _MAX_FILE:
        raise ConfigInvalid("it is longer than %d bytes" % _MAX_FILE)
    if data[:3] == b"\xef\xbb\xbf":  # the byte order mark some editors put first
        data = data[3:]
    try:
        text = str(data, "utf-8")
    except UnicodeError:
        raise ConfigInvalid("it is not UTF-8 text")
    values = {}
    for line in text.replace("\r", "\n").split("\n"):
        key, equals, value = line.partition("=")
        key = key.strip()
        if equals and key in KEYS:
            values[key] = _value(key, value.strip())
    missing = [key for key in KEYS if key not in values]
    if missing:
        raise ConfigInvalid("missing: " + ", ".join(missing))
    return Config(values)


def _value(key, text):
    for char in text:
        if ord(char) < 0x20 and char != "\t":
            raise ConfigInvalid(key + " has a control character")
    quote = text[:1]
    if quote and quote in _NO_QUOTES:
        raise ConfigInvalid(key + " has a word processor's quotes: wanted are \" or '")
    if quote not in ('"', "'") or not quote:
        return text.split("#")[0].strip()
    end = text.find(quote, 1)
    while end > 0:
        rest = text[end + 1:].strip()
        if not rest or rest[0] == "#":
            return text[1:end]
        end = text.find(quote, end + 1)
    raise ConfigInvalid(key + " has no closing quote")


def _is_password(data):
    if len(data) == 64:
        return all(byte in b"0123456789abcdefABCDEF" for byte in data)
    return 8 <= len(data) <= _MAX_PASSWORD


def _port(text):
    if not 1 <= len(text) <= 5 or not all("0" <= c <= "9" for c in text) or not 1 <= int(text) <= 65535:
        raise ConfigInvalid("server_port is a number from 1 to 65535")
    return int(text)
