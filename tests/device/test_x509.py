"""The dates of certificates that openssl made (below, as DER in hex, up to the dates), and damaged ones."""

import binascii

import check
from countersign import x509

# openssl req -x509 -newkey ec … -subj /CN=t, with a key of no bytes and cut after it, so the two outer
# lengths are those of the shortened bytes. Dates as each test says.
_HEAD = "a003020102" "020101" "300a06082a8648ce3d040302" "300c310a300806035504030c0174"


_TAIL = b"\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x0c\x01t" + b"\x30\x00"


def certificate(dates):
    inner = binascii.unhexlify(_HEAD.replace(" ", "")) + dates + _TAIL
    tbs = b"\x30" + bytes((len(inner),)) + inner
    return b"\x30" + bytes((len(tbs),)) + tbs


def element(tag, content):
    return bytes((tag, len(content))) + content


def dates(first, last):
    return element(0x30, b"".join(element(0x17 if len(d) == 13 else 0x18, d) for d in (first, last)))


def test_utc_time():
    # date -u -d '2025-01-31 12:34:56' +%s
    der = certificate(dates(b"250131123456Z", b"491231235959Z"))
    check.equal(x509.validity(der), (1738326896, 2524607999))


def test_utc_time_of_the_last_century():
    der = certificate(dates(b"500101000000Z", b"991231235959Z"))
    check.equal(x509.validity(der), (-631152000, 946684799))


def test_generalized_time():
    # date -u -d '2050-01-01' +%s; date -u -d '9999-12-31 23:59:59' +%s
    check.equal(
        x509.validity(certificate(dates(b"20500101000000Z", b"99991231235959Z"))), (2524608000, 253402300799))


def test_version_1_certificate_without_version():
    inner = binascii.unhexlify(_HEAD[10:]) + dates(b"250131123456Z", b"491231235959Z") + _TAIL
    tbs = element(0x30, inner)
    check.equal(x509.validity(element(0x30, tbs))[0], 1738326896)


def test_damaged_ones_raise_value_errors_only():
    good = certificate(dates(b"250131123456Z", b"491231235959Z"))
    for cut in range(len(good)):
        check.raises(ValueError, x509.validity, good[:cut])
    for at in range(len(good)):
        for flip in (1, 0x80, 0xFF):
            damaged = bytearray(good)
            damaged[at] ^= flip
            try:
                x509.validity(bytes(damaged))
            except ValueError:
                pass
    for data in (b"", b"\x30", b"\x30\x80", b"\x30\x84\xff\xff\xff\xff", b"\x30\x82\x00"):
        check.raises(ValueError, x509.validity, data)


check.run(globals())
