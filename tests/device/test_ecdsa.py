"""P-256 and ECDSA against RFC 6979's vectors, openssl and the curve's own corners."""

import binascii
import hashlib
import os

import check
import countersign.ecdsa
import countersign.p256
from countersign import der
from now import ecdsa, keys, making, p256

# RFC 6979, A.2.5
SECRET = binascii.unhexlify("C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721")
POINT = binascii.unhexlify("60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6"
                           "7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299")
SIGNATURES = {
    b"sample": ("EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"
                "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8"),
    b"test": ("F1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367"
              "019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083"),
}
BASE = (0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
        0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5)  # FIPS 186-4, D.1.2.3


def bytes_of(number):
    return number.to_bytes(32, "big")


def sha256(message):
    return hashlib.sha256(message).digest()


def shell(command):
    if os.system(command):
        raise AssertionError(command)


def slow_times(scalar):
    """Double and add in affine coordinates, as in a schoolbook."""
    total, power = None, BASE
    while scalar:
        if scalar & 1:
            total = slow_sum(total, power)
        power = slow_sum(power, power)
        scalar >>= 1
    return total


def slow_sum(a, b):
    if a is None or b is None:
        return a or b
    if a[0] == b[0]:
        if (a[1] + b[1]) % p256.P == 0:
            return None
        slope = (3 * a[0] * a[0] - 3) * pow(2 * a[1], p256.P - 2, p256.P)
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], p256.P - 2, p256.P)
    x = (slope * slope - a[0] - b[0]) % p256.P
    return x, (slope * (a[0] - x) - a[1]) % p256.P


def test_rfc_6979_a_2_5():
    check.equal(ecdsa.public_key(SECRET), POINT)
    for message, signature in SIGNATURES.items():
        signature = binascii.unhexlify(signature)
        check.equal(ecdsa.sign(SECRET, sha256(message)), signature)
        check.true(ecdsa.verify(POINT, sha256(message), signature))


def test_multiples_at_the_corners():
    x, y = BASE
    check.equal(p256.base_times(bytes_of(1)), BASE)
    check.equal(p256.base_times(bytes_of(p256.N - 1)), (x, p256.P - y))
    # 2 and 112233445566778899 times the base point, from NIST's list of point multiplications
    check.equal(p256.base_times(bytes_of(2))[0],
                0x7CF27B188D034F7E8A52380304B51AC3C08969E277F21B35A60B48FC47669978)
    check.equal(p256.base_times(bytes_of(112233445566778899))[0],
                0x339150844EC15234807FE862A86BE77977DBFB3AE3D96F4C22795513AEAAB82F)


def test_every_entry_and_seam_of_the_comb():
    """The entries alone, and scalars of which whole quarters are empty or full."""
    scalars = [sum(1 << 64 * i for i in range(4) if d >> i & 1) for d in range(1, 16)]
    scalars += [1 << i for i in range(0, 256, 13)]
    scalars += [(1 << 64) - 1, (1 << 128) - 1, ((1 << 64) - 1) << 64, p256.N - 2, p256.N >> 1]
    for scalar in scalars:
        check.equal(p256.base_times(bytes_of(scalar)), slow_times(scalar))


def test_sums_that_meet_a_corner():
    point = slow_times(5)
    times = p256.sum_of_times
    check.equal(times(bytes_of(5), bytes_of(1), *point), slow_times(10))  # the same point twice
    check.equal(times(bytes_of(p256.N - 5), bytes_of(1), *point), None)  # a point and its opposite
    check.equal(times(bytes_of(0), bytes_of(3), *point), slow_times(15))
    check.equal(times(bytes_of(3), bytes_of(0), *point), slow_times(3))
    check.equal(times(bytes_of(0), bytes_of(p256.N), *point), None)
    check.equal(times(bytes_of(7), bytes_of(p256.N - 1), *point), slow_times(2))


def test_a_signature_whose_two_points_are_the_same():
    """u*G = v*Q when the digest is r*d: only an addition that knows how to double verifies it."""
    d = int.from_bytes(SECRET, "big")
    k = 0x1234567890ABCDEF1234567890ABCDEF
    r = slow_times(k)[0] % p256.N
    digest = r * d % p256.N
    s = p256.inverse(k, p256.N) * 2 * digest % p256.N
    check.true(ecdsa.verify(POINT, bytes_of(digest), bytes_of(r) + bytes_of(s)))
    # and the opposite: u*G = -v*Q, which no signature is
    check.true(not ecdsa.verify(POINT, bytes_of(p256.N - digest), bytes_of(r) + bytes_of(s)))


def test_digests_at_the_corners():
    for digest in (0, 1, p256.N - 1, p256.N, p256.N + 1, (1 << 256) - 1):
        signature = ecdsa.sign(SECRET, bytes_of(digest))
        check.true(ecdsa.verify(POINT, bytes_of(digest), signature))
        check.true(not ecdsa.verify(POINT, bytes_of(digest ^ 2), signature))


def test_what_is_no_signature():
    good = ecdsa.sign(SECRET, sha256(b"sample"))
    r, s = int.from_bytes(good[:32], "big"), int.from_bytes(good[32:], "big")
    n = p256.N
    for bad in ((0, s), (r, 0), (n, s), (r, n), (r, s ^ 1), (r ^ 1, s), (s, r), (0, 0), (n - r, s)):
        check.true(not ecdsa.verify(POINT, sha256(b"sample"), bytes_of(bad[0]) + bytes_of(bad[1])), repr(bad))
    check.true(ecdsa.verify(POINT, sha256(b"sample"), bytes_of(r) + bytes_of(n - s)))  # ECDSA's other twin
    check.true(not keys.verify(POINT, b"sample", good[:-1]))
    check.true(not keys.verify(POINT[:-1], b"sample", good))


def test_what_is_no_point():
    good = ecdsa.sign(SECRET, sha256(b"sample"))
    x, y = int.from_bytes(POINT[:32], "big"), int.from_bytes(POINT[32:], "big")
    for bad in ((x, y ^ 1), (x ^ 1, y), (0, 0), (p256.P, y), (x, y + p256.P)):
        if bad[1] < 1 << 256:
            check.true(not ecdsa.verify(bytes_of(bad[0]) + bytes_of(bad[1]), sha256(b"sample"), good))


def test_signatures_by_openssl():
    folder = "/tmp/countersign-ecdsa-%s" % binascii.hexlify(os.urandom(6)).decode()
    os.mkdir(folder)
    try:
        shell("cd %s && openssl ecparam -name prime256v1 -genkey -noout -out key && "
              "openssl pkey -in key -pubout -outform DER -out public && for i in $(seq 20); do "
              "echo message $i >$i && openssl dgst -sha256 -sign key -out $i.sig $i || exit 1; done" % folder)
        with open(folder + "/public", "rb") as f:
            point = der.point_of(f.read())
        for i in range(1, 21):
            with open("%s/%d.sig" % (folder, i), "rb") as f:
                signature = der.raw_signature(f.read())
            check.true(keys.verify(point, b"message %d\n" % i, signature))
            check.true(not keys.verify(point, b"message %d\n" % (i + 1), signature))
    finally:
        shell("rm -r " + folder)


def test_the_cost_that_the_page_states():
    """Multiplications of 256 bits for a key and a signed request, which is what a board waits for: at 130 µs
    each, measured on an ESP32-C3, and 80 ms an inverse, the sum must stay under 1.5 s."""
    count = {}
    real = {name: getattr(p256, name) for name in ("_double", "_add", "inverse")}

    def counting(name):
        def call(*arguments):
            count[name] = count.get(name, 0) + 1
            return real[name](*arguments)
        return call

    def cost():
        ms = (count.get("_double", 0) * 8 + count.get("_add", 0) * 11) * 0.13 + count.get("inverse", 0) * 20
        count.clear()
        return ms

    try:
        for name in real:
            setattr(countersign.p256, name, counting(name))
        countersign.ecdsa.inverse = countersign.p256.inverse
        making.request(making.make(b""), "user1")
        print("        a key and a request:", count)
        check.true(count["_double"] <= 128 and count["_add"] <= 128 and count["inverse"] <= 3, repr(count))
        check.true(cost() < 600)
        check.true(ecdsa.verify(POINT, sha256(b"test"), binascii.unhexlify(SIGNATURES[b"test"])))
        print("        a verification:", count)
        check.true(cost() < 1000)
    finally:
        for name in real:
            setattr(countersign.p256, name, real[name])
        countersign.ecdsa.inverse = countersign.p256.inverse


check.run(globals())
