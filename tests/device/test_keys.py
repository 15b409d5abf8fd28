"""Keys and requests made here, read by openssl: some dozens, or as many as KEYS says."""

import binascii
import os

import check
from countersign import der, entropy, p256
from now import keys, making

COUNT = int(os.getenv("KEYS") or 60)

# Reads every pair in the folder it runs in; prints how many were good.
_OPENSSL = """
for key in *.key; do
    i=${key%.key}
    openssl pkcs8 -topk8 -nocrypt -inform DER -in $key -outform DER | cmp - $key || exit 1
    openssl pkey -inform DER -in $key -check -noout >out 2>&1 || exit 1
    openssl pkey -inform DER -in $key -pubout >public || exit 1
    # 3.0 verifies but ends with 0 even if it fails
    openssl req -inform DER -in $i.req -verify -noout 2>&1 | grep -q 'verify OK' || exit 1
    openssl req -inform DER -in $i.req -pubkey -noout | cmp public - || exit 1
    [ "$(openssl req -inform DER -in $i.req -noout -subject -nameopt RFC2253)" = "subject=CN=board-$i" ] ||
        exit 1
    echo $i >>good
done
"""


class Folder:
    def __enter__(self):
        self.path = "/tmp/countersign-keys-%s" % binascii.hexlify(os.urandom(6)).decode()
        os.mkdir(self.path)
        return self

    def __exit__(self, *fault):
        os.system("rm -r " + self.path)

    def write(self, name, data):
        with open("%s/%s" % (self.path, name), "wb") as f:
            f.write(data)

    def lines(self, name):
        with open("%s/%s" % (self.path, name)) as f:
            return len(f.read().split())


def pkcs8_of(secret):
    real = entropy.secret
    try:
        entropy.secret = lambda more: secret
        return making.make(b"")
    finally:
        entropy.secret = real


def test_keys_and_requests_that_openssl_reads():
    with Folder() as folder:
        folder.write("check.sh", _OPENSSL.encode())
        for i in range(COUNT):
            key = making.make(b"host")
            folder.write("%d.key" % i, key)
            folder.write("%d.req" % i, making.request(key, "board-%d" % i))
        # the smallest and the largest secret, and small ones that a careless encoding would shorten
        for i, secret in enumerate((1, 2, 255, 1 << 128, p256.N - 1)):
            key = pkcs8_of(secret.to_bytes(32, "big"))
            folder.write("%d.key" % (COUNT + i), key)
            folder.write("%d.req" % (COUNT + i), making.request(key, "board-%d" % (COUNT + i)))
        check.equal(os.system("cd %s && sh check.sh" % folder.path), 0)
        check.equal(folder.lines("good"), COUNT + 5)


def test_the_checking_script_can_fail():
    with Folder() as folder:
        folder.write("check.sh", _OPENSSL.encode())
        folder.write("0.key", making.make(b""))
        folder.write("0.req", making.request(making.make(b""), "board-0"))
        check.true(os.system("cd %s && sh check.sh >/dev/null 2>&1" % folder.path) != 0)


def test_a_key_of_openssl():
    with Folder() as folder:
        check.equal(os.system(
            "cd %s && openssl ecparam -name prime256v1 -genkey -noout -out pem && "
            "openssl pkcs8 -topk8 -nocrypt -in pem -outform DER -out key && "
            "openssl pkey -in pem -pubout -outform DER -out public" % folder.path), 0)
        with open(folder.path + "/key", "rb") as f:
            key = f.read()
        with open(folder.path + "/public", "rb") as f:
            check.equal(keys.public_key(key), f.read())
    signature = keys.sign(key, b"message")
    check.true(keys.verify(der.point_of(keys.public_key(key)), b"message", signature))


def test_a_key_without_its_public_half():
    key = making.make(b"")
    secret = key[36:68]
    inner = b"\x30\x25\x02\x01\x01\x04\x20" + secret  # RFC 5915 allows to leave it out
    short = b"\x30\x41\x02\x01\x00" + der.EC_P256 + b"\x04\x27" + inner
    check.equal(keys.public_key(short), keys.public_key(key))


def test_the_firmware_takes_the_key():
    from countersign.transport import tls  # whatever this version calls it
    context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    with Folder() as folder:
        key = making.make(b"")
        folder.write("key", key)
        check.equal(os.system(
            "cd %s && openssl req -x509 -new -key key -keyform DER -subj /CN=x -outform DER -out crt"
            % folder.path), 0)
        with open(folder.path + "/crt", "rb") as f:
            context.load_cert_chain(f.read(), key)


def test_damaged_keys_raise_value_errors_only():
    key = making.make(b"")
    for cut in range(68):
        check.raises(ValueError, keys.public_key, key[:cut])
    for at in range(36):
        damaged = bytearray(key)
        damaged[at] ^= 0x41
        try:
            keys.public_key(bytes(damaged))
        except ValueError:
            pass


def test_secrets_out_of_range_are_drawn_again():
    drawn = []

    def random(count):
        drawn.append(bytes((len(drawn),)) * count)
        return drawn[-1]

    real = entropy.hashlib

    class Hash:
        """Gives N, then 0, then 7: only the last is a secret."""
        results = [p256.N, 0, 7]

        def sha256(self, data):
            whole = real.sha256(data)
            if len(data) > 32:
                number = self.results.pop(0)
                whole = type("", (), {"digest": lambda self: number.to_bytes(32, "big")})()
            return whole

    try:
        entropy.hashlib = Hash()
        check.equal(int.from_bytes(entropy.secret(b"host", random), "big"), 7)
    finally:
        entropy.hashlib = real
    check.equal(len(drawn), 3)


def test_every_source_counts():
    one = entropy.secret(b"host", lambda count: b"\1" * count)
    check.equal(one, entropy.secret(b"host", lambda count: b"\1" * count))
    check.true(one != entropy.secret(b"other", lambda count: b"\1" * count))
    check.true(one != entropy.secret(b"host", lambda count: b"\2" * count))
    real = entropy.chip_id
    try:
        entropy.chip_id = lambda: b"another chip"
        check.true(one != entropy.secret(b"host", lambda count: b"\1" * count))
    finally:
        entropy.chip_id = real


def test_the_radio_is_on_before_the_first_random_byte():
    import network
    network.WLAN(network.STA_IF).active(False)

    def random(count):
        check.true(network.WLAN(network.STA_IF).active(), "the generator was asked while the radio was off")
        return bytes(count)

    entropy.secret(b"", random)


def test_der_integers_and_signatures():
    check.equal(der.integer(b"\0\0\x7f"), b"\x02\x01\x7f")
    check.equal(der.integer(b"\x80"), b"\x02\x02\x00\x80")
    check.equal(der.integer(b"\0"), b"\x02\x01\x00")
    for raw in (bytes(31) + b"\1" + b"\xff" * 32, b"\x80" + bytes(63), bytes(64)):
        check.equal(der.raw_signature(der.signature(raw)), raw)
    good = der.signature(b"\x80" + bytes(62) + b"\1")
    for bad in (good[:-1], good + b"\0", b"", b"\x30\x00", b"\x30\x03\x02\x01\x01"):
        check.raises(ValueError, der.raw_signature, bad)


check.run(globals())
