"""pow: exp(y log |x|), the logarithm and its product with y as sums of two doubles (T. J. Dekker, Numer. Math. 18, 224 (1971)), with all special cases of C.

With |x| = 2^k m as for log and s = (m - 1)/(m + 1), log m = 2 s + s^3 (2/3 + s^2 L(s^2)); the first two terms are computed to some 100 bits, so that the
logarithm is right to 2^-65 of itself, and an exponent of 745 to 2^-55. What a product loses is found by ``fma``.
"""

import math

from mcompiler.backends.elementary.entry import (
    LN2_HIGH,
    LN2_LOW,
    SIGN,
    SMALLEST,
    TWO_54,
    Function,
    Functions,
    entry,
    of_two,
)

_INF, _NAN = math.inf, math.nan
_BIAS = 4503599627370496.0 + 1023.0
_THIRDS, _THIRDS_LOW = 0.6666666666666666, 3.700743415417188e-17
# Beyond it all powers but those of 1 are 0 or infinite.
_MOST = 1e25

_L0, _L1, _L2, _L3, _L4 = 0.4, 0.28571428571428426, 0.2222222222227742, 0.18181818171026257, 0.15384616612320492
_L5, _L6, _L7, _L8 = 0.13333247256989017, 0.11768475847289078, 0.10426070481399012, 0.10991838001011092


def make_ratio(_functions: Functions) -> Function:
    """`ratio`: (m - 1)/(m + 1), nearly."""

    def ratio(m):  # type: ignore[no-untyped-def]
        return (m - 1.0) * (1.0 / (m + 1.0))

    return ratio


def make_ratio_low(functions: Functions) -> Function:
    """`ratio_low`: what `ratio` lacks."""
    fma = functions["fma"]

    def ratio_low(m, s):  # type: ignore[no-untyped-def]
        below = m + 1.0
        lost = m - (below - 1.0)
        return (fma(-s, below, m - 1.0) - s * lost) * (1.0 / below)

    return ratio_low


def make_cube(functions: Functions) -> Function:
    """`cube`: log m - 2 s, with s as `ratio` gives it."""
    factor = functions["factor"]

    def cube(s):  # type: ignore[no-untyped-def]
        q = s * s
        return s * (q * factor(q))

    return cube


def make_cube_low(functions: Functions) -> Function:
    """`cube_low`: what `cube` lacks."""
    factor, factor_low, fma = functions["factor"], functions["factor_low"], functions["fma"]

    def cube_low(s, low):  # type: ignore[no-untyped-def]
        q = s * s
        q_low = fma(s, s, -q) + 2.0 * s * low
        c = factor(q)
        p = q * c
        p_low = fma(q, c, -p) + (q * factor_low(q) + q_low * c)
        return fma(s, p, -(s * p)) + (s * p_low + low * p)

    return cube_low


def make_series(_functions: Functions) -> Function:
    """`series`: what follows 2/3 in the logarithm's series."""

    def series(q):  # type: ignore[no-untyped-def]
        d = q * q
        high = ((_L4 + q * _L5) + d * (_L6 + q * _L7)) + (d * d) * _L8
        return q * (((_L0 + q * _L1) + d * (_L2 + q * _L3)) + (d * d) * high)

    return series


def make_factor(functions: Functions) -> Function:
    """`factor`: 2/3 + q L(q)."""
    series = functions["series"]

    def factor(q):  # type: ignore[no-untyped-def]
        return _THIRDS + series(q)

    return factor


def make_factor_low(functions: Functions) -> Function:
    """`factor_low`: what `factor` lacks."""
    series = functions["series"]

    def factor_low(q):  # type: ignore[no-untyped-def]
        more = series(q)
        return ((_THIRDS - (_THIRDS + more)) + more) + _THIRDS_LOW

    return factor_low


def make_log_high(functions: Functions) -> Function:
    """`log_high`: log(2^k m) for m between sqrt(1/2) and sqrt(2)."""
    ratio, cube = functions["ratio"], functions["cube"]

    def log_high(k, m):  # type: ignore[no-untyped-def]
        s = ratio(m)
        return k * LN2_HIGH + (2.0 * s + cube(s))

    return log_high


def make_log_low(functions: Functions) -> Function:
    """`log_low`: what `log_high` lacks."""
    ratio, ratio_low, cube, cube_low = (functions[name] for name in ("ratio", "ratio_low", "cube", "cube_low"))

    def log_low(k, m):  # type: ignore[no-untyped-def]
        s = ratio(m)
        low = ratio_low(m, s)
        v = cube(s)
        w = 2.0 * s + v
        w_low = ((2.0 * s - w) + v) + (2.0 * low + cube_low(s, low))
        whole = k * LN2_HIGH
        return ((whole - (whole + w)) + w) + (w_low + k * LN2_LOW)

    return log_low


def make_pow(functions: Functions) -> Function:
    """`pow`, given what it is made of."""
    parted, exponent, mantissa = (functions[name] for name in ("parted", "exponent", "mantissa"))
    log_high, log_low, exp_less, special = (functions[name] for name in ("log_high", "log_low", "exp_less", "special"))
    fma, where = functions["fma"], functions["where"]

    def pow(x, y):  # type: ignore[no-untyped-def]  # noqa: A001
        size = abs(x)
        small = size < SMALLEST
        n = parted(where(small, size * TWO_54, size))
        k = exponent(n) - where(small, _BIAS + 54.0, _BIAS)
        m = mantissa(n)
        power = where(y > _MOST, _MOST, where(y < -_MOST, -_MOST, y))
        high = log_high(k, m)
        e = power * high
        low = fma(power, high, -e) + power * log_low(k, m)
        return special(x, y, exp_less(e, where(abs(e) < 1000.0, -low, 0.0)))

    return pow


def make_special(functions: Functions) -> Function:
    """`special`: the value of C's pow(x, y), given |x|^y for where both are finite and not 0."""
    bits, double, floor, where = (functions[name] for name in ("bits", "double", "floor", "where"))

    def special(x, y, value):  # type: ignore[no-untyped-def]
        size = abs(x)
        end = (size == 0.0) | (size == _INF)
        value = where(end, where(y < 0.0, where(size == 0.0, _INF, 0.0), size), value)
        whole, half = floor(y) == y, 0.5 * y
        value = where((x < 0.0) & (size < _INF) & (not whole), _NAN, value)
        value = where((size <= _INF) & (abs(y) <= _INF), value, x + y)  # no comparison holds for NaN
        odd = whole & (floor(half) != half)
        value = double(bits(value) ^ where(odd, bits(x) & SIGN, 0))
        return where((x == 1.0) | (y == 0.0), 1.0, value)

    return special


ENTRIES = (
    entry(make_ratio, "f64 m"),
    entry(make_ratio_low, of_two("m", "s")),
    entry(make_series, "f64 q"),
    entry(make_factor, "f64 q"),
    entry(make_factor_low, "f64 q"),
    entry(make_cube, "f64 s"),
    entry(make_cube_low, of_two("s", "low")),
    entry(make_log_high, of_two("k", "m")),
    entry(make_log_low, of_two("k", "m")),
    entry(make_special, f"{of_two('x', 'y')}, f64 value"),
    entry(make_pow, of_two("x", "y")),
)
