"""wifi.conf: what people write, what they get wrong, and what a mutation fuzzer finds."""

import check
from countersign import config
from countersign.errors import ConfigInvalid

GOOD = b'wifi_ssid="home"\nwifi_psw="secret123"\nserver_ip="192.168.1.22"\nserver_port="8883"\n'


def values(data):
    c = config.parse(data)
    return (c.wifi_ssid, c.wifi_psw, c.server_ip, c.server_port)


def refused(data, word):
    check.contains(str(check.raises(ConfigInvalid, config.parse, data)), word)


def password(line):
    return values(GOOD.replace(b'wifi_psw="secret123"', line))[1]


def test_the_original_four_lines():
    check.equal(values(GOOD), ("home", "secret123", "192.168.1.22", 8883))


def test_order_unknown_keys_blank_lines_and_comments():
    check.equal(
        values(b'# my house\n\nserver_port = 1883 # plain\ncolour="red"\n[section]\n\twifi_psw="secret123"\n'
               b"server_ip='broker.local'   # by name\nwifi_ssid=home\njust words\n"),
        ("home", "secret123", "broker.local", 1883))


def test_line_ends_and_byte_order_mark():
    wanted = ("home", "secret123", "192.168.1.22", 8883)
    check.equal(values(GOOD.replace(b"\n", b"\r\n")), wanted)
    check.equal(values(GOOD.replace(b"\n", b"\r")), wanted)
    check.equal(values(b"\xef\xbb\xbf" + GOOD), wanted)
    check.equal(values(GOOD.rstrip()), wanted)


def test_passwords_with_everything_in_them():
    check.equal(password(b'wifi_psw="se#cret 12"'), "se#cret 12")
    check.equal(password(b'wifi_psw="quo"ted"12"'), 'quo"ted"12')
    check.equal(password(b"wifi_psw='quo\"ted12'"), 'quo"ted12')
    check.equal(password(b'wifi_psw="back\\slash\\"'), "back\\slash\\")
    check.equal(password(b'wifi_psw="a=b=c===="'), "a=b=c====")
    check.equal(password(b'wifi_psw=" spaces "  # kept'), " spaces ")
    check.equal(password("wifi_psw=\"pässwörd\"".encode()), "pässwörd")
    check.equal(password(b'wifi_psw="secret123" # the "old" one'), "secret123")
    check.equal(password(b'wifi_psw=""'), "")  # an open network
    check.equal(password(b"wifi_psw=" + b"f" * 64), "f" * 64)  # the key itself


def test_the_last_of_two_lines_holds():
    check.equal(password(b'wifi_psw="secret123"\nwifi_psw="changed456"'), "changed456")


def test_missing_keys_are_named():
    refused(b"", "wifi_ssid, wifi_psw, server_ip, server_port")
    refused(GOOD.replace(b"wifi_psw", b"wifi_pws"), "missing: wifi_psw")
    refused(b"\n".join(GOOD.split(b"\n")[:2]), "missing: server_ip, server_port")


def test_what_cannot_be_meant():
    refused(GOOD.replace(b"8883", b"0"), "server_port")
    refused(GOOD.replace(b"8883", b"65536"), "server_port")
    refused(GOOD.replace(b"8883", b"-1"), "server_port")
    refused(GOOD.replace(b"8883", b"8_8"), "server_port")
    refused(GOOD.replace(b'"8883"', b'"8883'), "closing quote")
    refused(GOOD.replace(b"home", b""), "wifi_ssid")
    refused(GOOD.replace(b"home", b"h" * 33), "wifi_ssid")
    refused(GOOD.replace(b"home", b"h\x00me"), "control")
    refused(GOOD.replace(b"secret123", b"short"), "wifi_psw")
    refused(GOOD.replace(b"secret123", b"f" * 65), "wifi_psw")
    refused(GOOD.replace(b"secret123", b"x" * 64), "64 hex digits")
    refused(GOOD.replace(b"192.168.1.22", b""), "server_ip")
    for url in (b"mqtt://broker.local", b"192.168.1.22:8883", b"broker.local/x"):
        refused(GOOD.replace(b"192.168.1.22", url), "no mqtt://")
    check.equal(values(GOOD.replace(b"192.168.1.22", b"fe80::1"))[2], "fe80::1")
    for left, right in ("\u201c\u201d", "\u201e\u201c", "\u2018\u2019", "\u00ab\u00bb", "`\u00b4"):
        quoted = (left + "home" + right).encode()
        refused(GOOD.replace(b'"home"', quoted), "word processor")
    refused(GOOD.replace(b"192.168.1.22", b"h" * 254), "server_ip")
    refused(b"\xff\xfe" + GOOD, "UTF-8")
    refused(GOOD + b"#" * 4096, "4096")


def test_the_file_on_the_board():
    check.contains(str(check.raises(ConfigInvalid, config.load, "/nowhere")), "missing")


# --- fuzzing


def fuzz(parse, runs):
    """Feeds mutated files: the first exception that is not ConfigInvalid, or a wrong result, or None."""
    seed = 20240601
    tokens = (
        b'"', b"'", b"=", b"#", b"\n", b"\r", b" ", b"9", b"\x00", b"\xff", b"\xc3", b"wifi_psw",
        b"server_port=")
    for _ in range(runs):
        data = bytearray(GOOD)
        seed = (seed * 1103515245 + 12345) & 0x7FFFFFFF
        for _ in range(1 + (seed >> 16) % 6):
            seed = (seed * 1103515245 + 12345) & 0x7FFFFFFF
            at = (seed >> 8) % (len(data) + 1)
            kind = (seed >> 4) % 4
            token = tokens[(seed >> 12) % len(tokens)]
            if kind == 0:
                data = data[:at] + token + data[at:]
            elif kind == 1:
                data = data[:at] + data[at + 1 + (seed >> 20) % 8:]
            elif kind == 2:
                data[at:at + 1] = bytes(((seed >> 16) & 0xFF,))
            else:
                data = data[:at]
        try:
            result = parse(bytes(data))
            if not 1 <= result.server_port <= 65535 or not result.wifi_ssid or "\x00" in result.wifi_psw:
                return AssertionError("let through: %r" % data)
        except ConfigInvalid:
            pass
        except Exception as e:
            return e
    return None


def test_fuzz_finds_nothing():
    check.equal(fuzz(config.parse, 4000), None)


def planted(good, bad):
    """parse() of a copy of the parser in which one check has been replaced."""
    with open(config.__file__) as f:
        source = f.read()
    check.equal(source.count(good), 1)
    names = {"__name__": "countersign.planted"}
    exec(source.replace(good, bad).replace("from .errors", "from countersign.errors"), names)
    return names["parse"]


def test_fuzz_finds_planted_bugs():
    for good, bad in (
        ("    except UnicodeError:\n", "    except ZeroDivisionError:\n"),  # bytes that are not text
        ('        if ord(char) < 0x20 and char != "\\t":\n', "        if False:\n"),  # NUL in a password
        ('not all("0" <= c <= "9" for c in text)', "False"),  # a port that is no number
        ("    if missing:\n", "    if False:\n"),  # a file cut off in the middle
        ('        if not rest or rest[0] == "#":\n', '        if rest[0] == "#":\n'),  # nothing follows
    ):
        check.true(fuzz(planted(good, bad), 4000), "not found: " + bad)


check.run(globals())
