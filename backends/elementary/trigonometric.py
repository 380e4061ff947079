"""sin, cos and tan of arguments up to 2^20, and atan.

x = k pi/2 + r with |r| <= pi/4, pi/2 in four parts of which three have 33 bits, so that their products with k are exact: r is the sum of two doubles and
right to its last bit, however near to 0 (FreeBSD's msun, e_rem_pio2.c, has the parts). Then sin r = r + r^3 S(r^2) and cos r = 1 - r^2/2 + r^4 C(r^2).
Larger arguments are for libm.

atan reduces to |t| <= 1/2 by atan x = pi/4 + atan((x - 1)/(x + 1)) and atan x = pi/2 - atan(1/x) (S. L. Moshier, Cephes).
"""

from mcompiler.backends.elementary.entry import SHIFT, SIGN, Function, Functions, entry, of_two

_PER_QUARTER = 0.6366197723675814
_PI_1, _PI_2, _PI_3, _PI_4 = 1.5707963267341256, 6.077100506303966e-11, 2.0222662487111665e-21, 8.4784276603689e-32

_S0, _S1, _S2 = -0.1666666666666663, 0.00833333333332215, -0.00019841269829615289
_S3, _S4, _S5 = 2.7557313630750154e-06, -2.505074929044314e-08, 1.58963220009582e-10
_C0, _C1, _C2 = 0.041666666666666595, -0.0013888888888873084, 2.480158728887033e-05
_C3, _C4, _C5 = -2.7557314184908953e-07, 2.087570163261663e-09, -1.1358578772234507e-11

_A0, _A1, _A2, _A3 = -0.33333333333333315, 0.19999999999993287, -0.14285714284962706, 0.11111111068650491
_A4, _A5, _A6, _A7 = -0.09090907672282397, 0.07692277127162532, -0.06666219591466303, 0.05877776358879254
_A8, _A9, _A10 = -0.052298489241667745, 0.04588862223172827, -0.03710529002367524
_A11, _A12 = 0.023637099679272657, -0.008355145204647977
# Up to 1/2, x itself: from there on x - 1 is exact. Beyond tan(3 pi/8), its inverse.
_NEAR, _FAR = 0.5, 2.414213562373095
# pi/4 and pi/2 with what they lack.
_EIGHTH, _EIGHTH_LOW = 0.7853981633974483, 3.061616997868383e-17
_QUARTER, _QUARTER_LOW = 1.5707963267948966, 6.123233995736766e-17


def make_quarters(_functions: Functions) -> Function:
    """`quarters`: x / (pi/2) as a sum whose last bits are the nearest integer."""

    def quarters(x):  # type: ignore[no-untyped-def]
        return x * _PER_QUARTER + SHIFT

    return quarters


def make_angle(_functions: Functions) -> Function:
    """`angle`: x - k pi/2, with k as `quarters` gives it."""

    def angle(x, k):  # type: ignore[no-untyped-def]
        whole = k - SHIFT
        return ((x - whole * _PI_1) - whole * _PI_2) - whole * _PI_3

    return angle


def make_angle_low(_functions: Functions) -> Function:
    """`angle_low`: what rounding took from `angle`."""

    def angle_low(x, k):  # type: ignore[no-untyped-def]
        whole = k - SHIFT
        first = x - whole * _PI_1
        second = first - whole * _PI_2
        third = second - whole * _PI_3
        return (((first - second) - whole * _PI_2) + ((second - third) - whole * _PI_3)) - whole * _PI_4

    return angle_low


def make_sine(_functions: Functions) -> Function:
    """`sine`: sin(r + low) - r for |r| <= pi/4."""

    def sine(r, low):  # type: ignore[no-untyped-def]
        q = r * r
        d = q * q
        series = ((_S0 + q * _S1) + d * (_S2 + q * _S3)) + (d * d) * (_S4 + q * _S5)
        return (r * q) * series + (low - low * (0.5 * q))

    return sine


def make_cosine(_functions: Functions) -> Function:
    """`cosine`: cos(r + low) - (1 - r^2/2) for |r| <= pi/4, of 1 - r^2/2 as rounded."""

    def cosine(r, low):  # type: ignore[no-untyped-def]
        q = r * r
        d = q * q
        half = 0.5 * q
        series = ((_C0 + q * _C1) + d * (_C2 + q * _C3)) + (d * d) * (_C4 + q * _C5)
        first = 1.0 - half
        return ((1.0 - first) - half) + (d * series - r * low)

    return cosine


def make_sin_20(functions: Functions) -> Function:
    """`sin_20`: sin x for |x| <= 2^20."""
    quarters, angle, angle_low = (functions[name] for name in ("quarters", "angle", "angle_low"))
    sine, cosine, bits, double, where = (functions[name] for name in ("sine", "cosine", "bits", "double", "where"))

    def sin_20(x):  # type: ignore[no-untyped-def]
        size = abs(x)
        k = quarters(size)
        r, low = angle(size, k), angle_low(size, k)
        value = where((bits(k) & 1) == 1, (1.0 - 0.5 * (r * r)) + cosine(r, low), r + sine(r, low))
        return double(bits(value) ^ (((bits(k) << 62) ^ bits(x)) & SIGN))

    return sin_20


def make_cos_20(functions: Functions) -> Function:
    """`cos_20`: cos x for |x| <= 2^20."""
    quarters, angle, angle_low = (functions[name] for name in ("quarters", "angle", "angle_low"))
    sine, cosine, bits, double, where = (functions[name] for name in ("sine", "cosine", "bits", "double", "where"))

    def cos_20(x):  # type: ignore[no-untyped-def]
        size = abs(x)
        k = quarters(size)
        r, low = angle(size, k), angle_low(size, k)
        value = where((bits(k) & 1) == 1, r + sine(r, low), (1.0 - 0.5 * (r * r)) + cosine(r, low))
        return double(bits(value) ^ (((bits(k) + 1) << 62) & SIGN))

    return cos_20


def make_tan_20(functions: Functions) -> Function:
    """`tan_20`: tan x for |x| <= 2^20, a quotient of two doubles with what they lack."""
    quarters, angle, angle_low = (functions[name] for name in ("quarters", "angle", "angle_low"))
    sine, cosine, bits, double, where = (functions[name] for name in ("sine", "cosine", "bits", "double", "where"))
    fma = functions["fma"]

    def tan_20(x):  # type: ignore[no-untyped-def]
        size = abs(x)
        k = quarters(size)
        r, low = angle(size, k), angle_low(size, k)
        first, more, less = 1.0 - 0.5 * (r * r), sine(r, low), cosine(r, low)
        s, c = r + more, first + less
        s_low, c_low = (r - s) + more, (first - c) + less
        odd = (bits(k) & 1) == 1
        above, below = where(odd, c, s), where(odd, s, c)
        inverse = 1.0 / below
        quotient = above * inverse
        lost = fma(-quotient, below, above) + (where(odd, c_low, s_low) - quotient * where(odd, s_low, c_low))
        value = quotient + lost * inverse
        return double(bits(value) ^ (((bits(k) << 63) ^ bits(x)) & SIGN))

    return tan_20


def make_atan(functions: Functions) -> Function:
    """`atan`, given what it is made of."""
    bits, double, where = (functions[name] for name in ("bits", "double", "where"))

    def atan(x):  # type: ignore[no-untyped-def]
        size = abs(x)
        far, middle = size > _FAR, size > _NEAR
        t = where(far, -1.0, where(middle, size - 1.0, size)) / where(far, size, where(middle, size + 1.0, 1.0))
        base = where(far, _QUARTER, where(middle, _EIGHTH, 0.0))
        low = where(far, _QUARTER_LOW, where(middle, _EIGHTH_LOW, 0.0))
        q = t * t
        d = q * q
        even = _A0 + d * (_A2 + d * (_A4 + d * (_A6 + d * (_A8 + d * (_A10 + d * _A12)))))
        odd = _A1 + d * (_A3 + d * (_A5 + d * (_A7 + d * (_A9 + d * _A11))))
        series = even + q * odd
        value = base + (t + ((t * q) * series + low))
        return double(bits(value) | (bits(x) & SIGN))

    return atan


ENTRIES = (
    entry(make_quarters),
    entry(make_angle, of_two("x", "k")),
    entry(make_angle_low, of_two("x", "k")),
    entry(make_sine, of_two("r", "low")),
    entry(make_cosine, of_two("r", "low")),
    entry(make_sin_20),
    entry(make_cos_20),
    entry(make_tan_20),
    entry(make_atan),
)
