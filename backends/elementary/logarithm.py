"""log, log1p and asinh.

They split x = 2^k m with m between sqrt(1/2) and sqrt(2), and take with f = m - 1, s = f/(2 + f)

    log(1 + f) = f - f^2/2 + s (f^2/2 + s^2 L(s^2))

as FreeBSD's msun does (e_log.c). What rounding takes from 1 + x is kept in log1p.
"""

import math

from mcompiler.backends.elementary.entry import (
    I64,
    LN2_HIGH,
    LN2_LOW,
    ONE,
    SIGN,
    SMALLEST,
    TWO_54,
    Function,
    Functions,
    entry,
    of_two,
)

_INF, _NAN = math.inf, math.nan
# sqrt(1/2): a mantissa below it belongs to the exponent before.
_ROOT = 0x3FE6A09E667F3BCD
_MANTISSA = (1 << 52) - 1
# 2^52 in its place: what is put into the last bits of it is a whole number, of 12 bits here.
_TWO_52, _TWELVE = 0x4330000000000000, 0xFFF
_BIAS = 4503599627370496.0 + 1023.0
_LN2 = 0.6931471805599453
# Beyond it 1 + x is x.
_LARGE = 18014398509481984.0

_L0, _L1, _L2, _L3 = 0.6666666666666734, 0.3999999999941668, 0.28571428741894944, 0.22222198628107495
_L4, _L5, _L6 = 0.18183561260690503, 0.1531413407812631, 0.14795065325125586


def make_parted(functions: Functions) -> Function:
    """`parted`: the bits of a positive x, moved so that `exponent` and `mantissa` find x = 2^k m with m around 1."""
    bits = functions["bits"]

    def parted(x):  # type: ignore[no-untyped-def]
        return bits(x) + (ONE - _ROOT)

    return parted


def make_exponent(functions: Functions) -> Function:
    """`exponent`: k + 1023 + 2^52."""
    double = functions["double"]

    def exponent(n):  # type: ignore[no-untyped-def]
        return double(((n >> 52) & _TWELVE) | _TWO_52)

    return exponent


def make_mantissa(functions: Functions) -> Function:
    """`mantissa`: m."""
    double = functions["double"]

    def mantissa(n):  # type: ignore[no-untyped-def]
        return double((n & _MANTISSA) + _ROOT)

    return mantissa


def make_bend(_functions: Functions) -> Function:
    """`bend`: f - log(1 + f) for 1 + f between sqrt(1/2) and sqrt(2)."""

    def bend(f):  # type: ignore[no-untyped-def]
        s = f / (2.0 + f)
        q = s * s
        d = q * q
        series = q * (((_L0 + q * _L1) + d * (_L2 + q * _L3)) + (d * d) * ((_L4 + q * _L5) + d * _L6))
        half = 0.5 * f * f
        return half - s * (half + series)

    return bend


def make_log(functions: Functions) -> Function:
    """`log`, given what it is made of."""
    parted, exponent, mantissa, bend = (functions[name] for name in ("parted", "exponent", "mantissa", "bend"))
    where = functions["where"]

    def log(x):  # type: ignore[no-untyped-def]
        small = x < SMALLEST
        n = parted(where(small, x * TWO_54, x))
        k = exponent(n) - where(small, _BIAS + 54.0, _BIAS)
        f = mantissa(n) - 1.0
        value = k * LN2_HIGH - ((bend(f) - k * LN2_LOW) - f)
        edge = where(x == 0.0, -_INF, where(x < 0.0, _NAN, x))
        return where((x > 0.0) & (x < _INF), value, edge)

    return log


def make_log1p_more(functions: Functions) -> Function:
    """`log1p_more`: log(1 + x + more) for a `more` that is little beside rounding errors of x."""
    parted, exponent, mantissa, bend = (functions[name] for name in ("parted", "exponent", "mantissa", "bend"))
    double, where = functions["double"], functions["where"]

    def log1p_more(x, more):  # type: ignore[no-untyped-def]
        whole = 1.0 + x
        part = whole - 1.0
        lost = ((1.0 - (whole - part)) + (x - part)) + more
        n = parted(whole)
        k = exponent(n) - _BIAS
        first = mantissa(n) - 1.0
        added = where(x > _LARGE, 0.0, lost * double(2 * ONE - (n & ~_MANTISSA)))
        f = first + added
        low = (first - f) + added
        value = k * LN2_HIGH - ((bend(f) - (k * LN2_LOW + (low - low * f))) - f)
        edge = where(x == -1.0, -_INF, where(x < -1.0, _NAN, x))
        return where((x > -1.0) & (x < _INF) & (x != 0.0), value, edge)

    return log1p_more


def make_log1p(functions: Functions) -> Function:
    """`log1p`."""
    log1p_more = functions["log1p_more"]

    def log1p(x):  # type: ignore[no-untyped-def]
        return log1p_more(x, -0.0)

    return log1p


def make_asinh(functions: Functions) -> Function:
    """`asinh`, given `log1p_more`: log(1 + |x| + (sqrt(1 + x^2) - 1)), or log(|x|) + log 2."""
    log1p_more, bits, double, where = (functions[name] for name in ("log1p_more", "bits", "double", "where"))

    def asinh(x):  # type: ignore[no-untyped-def]
        size = abs(x)
        large = size > _LARGE
        square = size * size
        small = square / (1.0 + math.sqrt(1.0 + square))
        whole = size + small
        lost = (size - whole) + small
        value = log1p_more(where(large, size, whole), where(large, 0.0, lost)) + where(large, _LN2, 0.0)
        return double(bits(value) | (bits(x) & SIGN))

    return asinh


ENTRIES = (
    entry(make_parted, result=I64),
    entry(make_exponent, f"{I64} n"),
    entry(make_mantissa, f"{I64} n"),
    entry(make_bend, "f64 f"),
    entry(make_log),
    entry(make_log1p_more, of_two("x", "more")),
    entry(make_log1p),
    entry(make_asinh),
)
