"""The curve P-256 (FIPS 186-4, D.1.2.3) in big integers: multiples of the base point and of any other.

Cost, counted in multiplications of 256 bits: a doubling 8, an addition 11. A multiple of the base point goes
by a comb of four teeth (Lim and Lee, 1994): 64 doublings and at most 64 additions, 1,200 in all, 0.2 s on an
ESP32-C3 (130 µs a multiplication with its reduction: from timing a plain window there); 256 doublings and 64
additions would take twice as long. A multiple of another point is only needed to verify: 256 doublings and
about 128 additions, 0.45 s. Both are work in slices (slices.py) of a doubling and an addition, 3 ms.

Not constant in time: MicroPython's integers take longer the larger they are, and the table is read where the
secret says. Who can measure a board's power or its timing to the microsecond may learn the key; over a
network, a few signatures a year give away nothing. Firmware with _countersign computes in constant time.
"""

import binascii

P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B

# Entry d, from 1 to 15, at 64 * (d - 1): x and y of the sum of 2**(64 * i) * G over the bits i of d.
_COMB = binascii.a2b_base64(
    b"axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q+oIrwoEaql"
    b"hJJZLjJuJd4pSTuqrWUffpDnXLSOFNtjv/RK6PXbqA1vStS8s98YizSxplBQ/oL15BEkVF9GLucwCku8idZyb7JXwN6V4CeJ"
    b"6WyY/Q018fqTORziCXmSr3Kqx+DQm0ZEfx3bJf8ePG9bse6tqdgGpapUopHAgSegRH1zm+7bXmf7mC/ViMZ2bvw1/33Cl+rD"
    b"V8hPydeJvYUtSCWrg0Ex7uEunZU6Sq/3PTSblaf65QAMfjPJcuJbMu+VGTKKnHL/3cYGi7kd/GDvf70rGgoRtxOUnJMqHTZ/"
    b"YR6fw327LJvB7pgHAiwhnCMYOwiVyhdAGWA1p3N22KhVBmN5e1H12H3qZILhEji/KTbfXsbJvDbK4rGSC1f0vBVxZISK7LhR"
    b"CvpAAY2dUOWfs9V229774UT/4hY0ipZM6113RbIRQeqi6PSD9D5DkXzNhOcNcV8m5I7K//xc3gHq/XLr2+zBewmQ5qFYAGzu"
    b"hfIs/ihEtkXKyRficxo0eabTlnenhJJ2Jzb/g0QxX8WWQ5WRo8a5SmzyD/sxNyi+Z0+EdJsLiBZmuLq9LSfs34JKkgwihAWb"
    b"8rq4M8NX9fROdp52csndrTGFX324x/7bdOAvCAIDpWst9IwEZ3yKPkK5kILegwZjHsAFcgaUcoH7muFvO5EipaTDYWW4JLuw"
    b"eIeO9hxs4E1/3BygCKHEeNH4nnmcDOExbvlRUN2oaLm2yz9de3LDId5TFCwSMJ3vas5XDr3gjU+cYrkSH+DZdgyIvE1xaxKH"
    b"WVxSIIEv/K5bgt1b1U+0ln+ZHtLDGjVz3V3eo/OQHcYY0bWznATmqnyBgfTfJWTzOle/Y19IrKho80SvazF0Zu/gpCMIPknz"
    b"Q6CijEK6eS/pann7PnKtDDG5xAX4VAogYE7ZPCTWf/Nmi/wicfXGJs3+F9s/sk1KQFK/S29GHblmPGLD7brXoA0aEBROw5wo"
    b"02tHiaJYLn/+z01RkLD8YYYr5r1x1wzI5yTzOZm/zFsjWifDGI0l6x7duuLIAuQaEjICqPYr/3qv31zAhSanpHQ0bBCh1M+s"
    b"QxBNhlYOvPwMRfRSc9szoDbga35McBkXj6CvLdYD+ES0jia0hPeiHApKRvtqrzY6ZrDeMiXEdEuWFbURDR145frAFUBNTT2r"
    b"ZBMbzf7W9mjABOQEi3sPmAbrsPYhoBst"
)


def is_point(x, y):
    """Whether x and y are a point of the curve; each then is of the whole group, which is of prime order."""
    return x < P and y < P and (y * y - (x * x - 3) * x - _B) % P == 0


def base_times(scalar):
    """Work: (x, y) of `scalar` times the base point. `scalar` is 32 bytes, from 1 to N-1."""
    # One bit from each quarter of the scalar makes an entry of the table.
    x, y, z = 1, 1, 0
    for at in range(64):
        x, y, z = _double(x, y, z)
        place, bit = at >> 3, 7 - (at & 7)
        d = ((scalar[24 + place] >> bit & 1) | (scalar[16 + place] >> bit & 1) << 1
             | (scalar[8 + place] >> bit & 1) << 2 | (scalar[place] >> bit & 1) << 3)
        if d:
            entry = 64 * (d - 1)
            x, y, z = _add(x, y, z, int.from_bytes(_COMB[entry:entry + 32], "big"),
                           int.from_bytes(_COMB[entry + 32:entry + 64], "big"))
        yield
    return _affine(x, y, z)


def sum_of_times(u, v, px, py):
    """Work: (x, y) of u times the base point plus v times the point (px, py); None when that is the point at
    infinity. u and v are 32 bytes each."""
    x, y, z = 1, 1, 0
    for byte in v:
        for bit in range(7, -1, -1):
            x, y, z = _double(x, y, z)
            if byte >> bit & 1:
                x, y, z = _add(x, y, z, px, py)
            yield
    if any(u):
        gx, gy = yield from base_times(u)
        x, y, z = _add(x, y, z, gx, gy)
    return _affine(x, y, z) if z else None


def inverse(number, modulus):
    """By Euclid's extended algorithm: some 150 divisions, where Fermat's would be 384 multiplications."""
    rest, last = number, modulus
    factor, before = 1, 0
    while rest:
        quotient = last // rest
        last, rest = rest, last - quotient * rest
        before, factor = factor, before - quotient * factor
    return before % modulus


# Points are (x, y, z) for (x / z**2, y / z**3), z = 0 being the point at infinity.


def _affine(x, y, z):
    z = inverse(z, P)
    zz = z * z % P
    return x * zz % P, y * zz % P * z % P


def _double(x, y, z):
    # dbl-2001-b of the Explicit-Formulas Database; infinity stays infinity.
    delta = z * z % P
    gamma = y * y % P
    beta = x * gamma % P
    alpha = (x - delta) * (x + delta) * 3 % P
    x3 = (alpha * alpha - (beta << 3)) % P
    return x3, (alpha * ((beta << 2) - x3) - (gamma * gamma << 3)) % P, (y * z << 1) % P


def _add(x1, y1, z1, x2, y2):
    """(x1, y1, z1) plus the point (x2, y2), which is not infinity."""
    if not z1:
        return x2, y2, 1
    zz = z1 * z1 % P
    h = (x2 * zz - x1) % P
    r = (zz * z1 % P * y2 - y1) % P
    if not h:  # the same x: the same point, or the opposite one
        return (1, 1, 0) if r else _double(x2, y2, 1)
    hh = h * h % P
    hhh = h * hh % P
    v = x1 * hh % P
    x3 = (r * r - hhh - (v << 1)) % P
    return x3, (r * (v - x3) - y1 * hhh) % P, z1 * h % P
